import * as z from 'zod';
import { COMPENSATION_STEPS, SAGA_STATES } from '../../contracts/saga-steps.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { STATUS_NAMES } from '../order-record.ts';
import { addressSchema } from '../wire.ts';
import type { Operation } from './operation.ts';
import { paymentAnswer, paymentMethodSchema } from './payments.ts';
import { id, money, reason, step, time, unavailablePart } from './shapes.ts';
import { userAnswer } from './users.ts';

const status = z.enum(STATUS_NAMES).meta({ id: 'OrderStatus' });
const sagaState = z.enum(SAGA_STATES).meta({ id: 'SagaState', description: 'How far the saga of the order is.' });
// Not priced yet: null.
const price = money.nullable();

/** An order as lists have it. */
export const summary = z
  .strictObject({
    id,
    user_id: id,
    status,
    saga_state: sagaState,
    items: z.array(
      z.strictObject({
        product_id: id,
        name: z.string().optional().describe('Absent when it cannot be had now.'),
        quantity: z.int(),
        unit_price: price,
        line_total: price,
      }),
    ),
    subtotal: price,
    tax: price,
    shipping: price,
    total: price.describe('null until the order is priced.'),
    payment_id: id.optional(),
    failure: z.strictObject({ step: step.nullable(), reason }).optional().describe('Why it was refused.'),
    created_at: time,
    links: z.strictObject({ self: z.string(), status: z.string() }),
  })
  .meta({ id: 'OrderSummary' });

export const order = summary
  .extend({
    history: z.array(
      z.strictObject({
        status,
        at: time,
        reason: z.string().optional(),
        note: z
          .string()
          .optional()
          .describe('In the words of whoever asked for it; shown to whom they are from and to operators.'),
        by: id.optional().describe('The user who did it; shown to operators.'),
      }),
    ),
    shipment: z
      .strictObject({ carrier: z.string(), tracking_number: z.string(), shipped_at: time, delivered_at: time.nullable() })
      .optional(),
    returns: z
      .array(
        z.strictObject({
          id,
          lines: z.array(z.strictObject({ product_id: id, quantity: z.int() })),
          refund: money,
          reason: z.string(),
          requested_at: time,
          completed_at: time.nullable().describe('null: on its way.'),
        }),
      )
      .optional(),
    interventions: z
      .array(
        z.strictObject({
          action: z.enum(['retry', 'resolve']),
          steps: z.array(z.string()),
          by: id,
          reason: z.string(),
          reference: z.string().optional(),
          at: time,
        }),
      )
      .optional()
      .describe('What operators did to its undos; shown to operators.'),
  })
  .meta({ id: 'Order' });

const statusAnswer = z
  .strictObject({
    id,
    status,
    saga_state: sagaState,
    step: step.optional().describe('The step at work now.'),
    retrying: z
      .strictObject({
        step,
        attempt: z.int(),
        next_attempt_at: time.nullable(),
        last_error: reason,
      })
      .optional(),
    needs_attention: z.boolean().describe('An undo keeps failing; an operator is needed.'),
    open_undos: z.array(z.enum(COMPENSATION_STEPS)).optional().describe('With needs_attention: what is still to be undone.'),
  })
  .meta({ id: 'OrderStatusView' });

export const submitOrder = {
  id: 'submitOrder',
  method: 'POST',
  path: '/v1/orders',
  tag: 'orders',
  summary: 'Place an order and wait for its outcome',
  description:
    'The same key and body give the same order and the same answer, at the same time, after a crash, and for as long as the ' +
    'order is kept. After 503, 504 or no answer at all: send the same request with the same key.',
  access: 'signed-in',
  headers: {
    'Idempotency-Key': {
      required: true,
      description: '1 to 255 visible ASCII characters: new per order, the same in its retries.',
    },
    Prefer: { description: '`wait=N` seconds, at most 25, or `respond-async`. What was honoured is told in Preference-Applied.' },
  },
  body: z.strictObject({
    items: z
      .array(
        z.strictObject({
          product_id: entityId,
          quantity: z.int('must be a whole number').min(1, 'must be at least 1').max(1_000, 'must be at most 1000'),
        }),
      )
      .min(1, 'must have at least 1 line')
      .max(100, 'must have at most 100 lines'),
    payment_method: paymentMethodSchema,
    shipping_address: addressSchema.optional(),
  }),
  answers: {
    201: {
      description: 'Confirmed and paid.',
      schema: order,
      headers: {
        Location: 'The order.',
        'Idempotent-Replayed': '`true`: the key was used before.',
        'Preference-Applied': 'What of Prefer was honoured.',
      },
    },
    202: {
      description: 'Not decided within the wait; it goes on. Look at Location, or send the same request again.',
      schema: order,
      headers: { Location: 'The order.', 'Retry-After': 'Seconds.', 'Preference-Applied': 'What of Prefer was honoured.' },
    },
  },
  problems: [
    'idempotency_key_missing',
    'idempotency_key_reused',
    'user_unknown',
    'user_inactive',
    'product_unknown',
    'product_inactive',
    'insufficient_stock',
    'payment_declined',
    'payment_insufficient_funds',
    'payment_expired_card',
    'payment_method_invalid',
    'fraud_review',
    'hold_expired',
    'order_cancelled',
  ],
} as const satisfies Operation;

export const readOrder = {
  id: 'readOrder',
  method: 'GET',
  path: '/v1/orders/:id',
  tag: 'orders',
  summary: 'Read an order',
  access: 'signed-in',
  answers: { 200: { description: 'The order.', schema: order } },
} as const satisfies Operation;

export const readOrderStatus = {
  id: 'readOrderStatus',
  method: 'GET',
  path: '/v1/orders/:id/status',
  tag: 'orders',
  summary: 'Ask how far an order is',
  access: 'signed-in',
  answers: { 200: { description: 'How far it is, and what is being tried again.', schema: statusAnswer } },
} as const satisfies Operation;

export const readOrderDetails = {
  id: 'readOrderDetails',
  method: 'GET',
  path: '/v1/orders/:id/details',
  tag: 'orders',
  summary: 'Read an order with its customer, its products and its payment',
  description: 'Each part is asked for on its own; one that cannot be had says so, and the others are there.',
  access: 'signed-in',
  answers: {
    200: {
      description: 'The order and its parts.',
      schema: z.strictObject({
        order,
        user: z.union([userAnswer, unavailablePart]),
        products: z.union([z.array(z.strictObject({ id, sku: z.string(), name: z.string() })), unavailablePart]),
        payment: z.union([paymentAnswer, unavailablePart, z.null()]).describe('null: nothing was charged.'),
      }),
    },
  },
} as const satisfies Operation;

export const streamOrderEvents = {
  id: 'streamOrderEvents',
  method: 'GET',
  path: '/v1/orders/:id/events',
  tag: 'orders',
  summary: 'Follow an order as Server-Sent Events',
  description:
    'One `status` event with the data of `/status` at once and for every change, at most one a second; a comment every 15 s. Ends ' +
    'after the saga has ended. Connect again with Last-Event-ID: what was seen is not repeated, and 204 says that nothing follows.',
  access: 'signed-in',
  headers: { 'Last-Event-ID': { description: 'The id of the newest event that was seen.' } },
  answers: {
    200: { description: 'A stream of events.', contentType: 'text/event-stream' },
    204: { description: 'The end was seen before; do not connect again.' },
  },
} as const satisfies Operation;
