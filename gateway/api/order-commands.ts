import * as z from 'zod';
import { COMPENSATION_STEPS } from '../../contracts/saga-steps.ts';
import { entityId, text } from '../../platform/rpc/fields.ts';
import type { Operation } from './operation.ts';
import { order } from './orders.ts';
import { id, money } from './shapes.ts';

const OPERATORS = ['operator', 'admin'] as const;

// In the asker's own words. Kept in the order's history, so that it should hold nothing personal.
const reason = text({ min: 1, max: 200 }).describe('Why, in up to 200 characters. It is kept: no personal data.');
const shipmentText = text({ min: 1, max: 100 });

const answers = {
  200: { description: 'Done; the order as it is now.', schema: order },
  202: {
    description:
      'Taken, and not done yet; it goes on by itself, and may still be refused when its turn comes. Asking the same again is harmless and tells.',
    schema: order,
    headers: { 'Retry-After': 'Seconds.' },
  },
} as const;

export const cancelOrder = {
  id: 'cancelOrder',
  method: 'POST',
  path: '/v1/orders/:id/cancel',
  tag: 'orders',
  summary: 'Cancel an order before it is shipped',
  description: 'What was charged is refunded and the stock is free again when the answer comes.',
  access: 'signed-in',
  body: z.strictObject({ reason }),
  answers,
  problems: ['illegal_transition'],
} as const satisfies Operation;

export const returnOrder = {
  id: 'returnOrder',
  method: 'POST',
  path: '/v1/orders/:id/returns',
  tag: 'orders',
  summary: 'Return a shipped order, whole or in parts',
  description:
    'Refunds the units and puts them back on the shelf. With the last unit the whole total is back, shipping included.',
  access: 'signed-in',
  headers: { 'Idempotency-Key': { description: 'The same key is the same return.' } },
  body: z.strictObject({
    lines: z
      .array(
        z.strictObject({
          product_id: entityId,
          quantity: z.int('must be a whole number').min(1, 'must be at least 1').max(100_000, 'must be at most 100000'),
        }),
      )
      .min(1, 'must have at least 1 line')
      .max(100, 'must have at most 100 lines')
      .optional()
      .describe('Absent: everything that is not back yet.'),
    reason,
  }),
  answers: {
    201: {
      description: 'Refunded and on the shelf again.',
      schema: z.strictObject({
        id,
        refund: money,
        lines: z.array(z.strictObject({ product_id: id, quantity: z.int() })),
      }),
      headers: { Location: 'The order.' },
    },
    202: answers[202],
  },
  problems: ['illegal_transition', 'return_exceeds_order', 'idempotency_key_reused'],
} as const satisfies Operation;

export const shipOrder = {
  id: 'shipOrder',
  method: 'POST',
  path: '/v1/orders/:id/shipments',
  tag: 'orders',
  summary: 'Say that a paid order was shipped',
  access: OPERATORS,
  body: z.strictObject({ carrier: shipmentText, tracking_number: shipmentText }),
  answers,
  problems: ['illegal_transition'],
} as const satisfies Operation;

export const deliverOrder = {
  id: 'deliverOrder',
  method: 'POST',
  path: '/v1/orders/:id/delivery',
  tag: 'orders',
  summary: 'Say that a shipped order was delivered',
  access: OPERATORS,
  body: z.strictObject({
    delivered_at: z.iso
      .datetime({ offset: true, error: 'must be RFC 3339' })
      .optional()
      .describe('Absent: now. Never before it was shipped nor in the future.'),
  }),
  answers,
  problems: ['illegal_transition'],
} as const satisfies Operation;

const intervention = z.strictObject({
  step: z.enum(COMPENSATION_STEPS).optional().describe('Absent: every undo that is open.'),
  reason,
  reference: text({ min: 1, max: 200 }).optional().describe('Of what was done by other means.'),
});

export const retryCompensation = {
  id: 'retryCompensation',
  method: 'POST',
  path: '/v1/orders/:id/compensation/retry',
  tag: 'orders',
  summary: 'Try the open undos of a parked order again, now',
  access: OPERATORS,
  body: intervention,
  answers,
  problems: ['illegal_transition'],
} as const satisfies Operation;

export const resolveCompensation = {
  id: 'resolveCompensation',
  method: 'POST',
  path: '/v1/orders/:id/compensation/resolve',
  tag: 'orders',
  summary: 'Take undos of a parked order off the list: they were done by other means',
  access: OPERATORS,
  body: intervention,
  answers,
  problems: ['illegal_transition'],
} as const satisfies Operation;
