import * as z from 'zod';
import { STEP_NAMES } from '../../contracts/saga-steps.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { STATUS_NAMES } from '../order-record.ts';
import { pageFields } from '../wire.ts';
import type { Operation } from './operation.ts';
import { summary } from './orders.ts';
import { page } from './shapes.ts';

/** Parameters that customers are refused. */
export const OPERATOR_FILTERS = ['user_id', 'failed_step', 'needs_attention'] as const;

const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a day or an RFC 3339 time')
  .transform((text) => new Date(text))
  // What a protobuf Timestamp and PostgreSQL have in common; an offset can lead out of it.
  .refine((time) => time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9_999, 'must be in the years 1 to 9999, UTC');

const ORDER_ID = '019ac2b4-7c00-7000-8000-000000000001';
const USER_ID = '019ac2b4-7c00-7000-8000-000000000002';
const MONEY = { amount_minor: 2_500, currency: 'EUR' };

export const listOrders = {
  id: 'listOrders',
  method: 'GET',
  path: '/v1/orders',
  tag: 'orders',
  summary: 'List orders, newest first',
  description:
    "Customers list their own orders. Operators list everybody's unless they name a user, and alone may ask by " +
    `${OPERATOR_FILTERS.join(', ')}. An order is listed when it fits everything that is given. A cursor is good for the list that it came ` +
    'from: the same parameters, whatever the limit. With needs_attention a page may be short and not be the last one.',
  access: 'signed-in',
  query: z
    .strictObject({
      status: z
        .enum(STATUS_NAMES, 'must be a status of an order')
        .optional()
        .meta({ examples: ['PAID'] }),
      from: instant
        .optional()
        .describe('Created then or later. A day is its beginning, UTC.')
        .meta({ examples: ['2026-11-01', '2026-11-01T08:00:00Z'] }),
      to: instant
        .optional()
        .describe('Created before then. A day is its beginning, UTC.')
        .meta({ examples: ['2026-12-01'] }),
      user_id: entityId
        .optional()
        .describe("Operators only: this user's orders.")
        .meta({ examples: [USER_ID] }),
      failed_step: z
        .enum(STEP_NAMES, 'must be a step of the saga')
        .optional()
        .describe('Operators only: cancelled because this step failed.')
        .meta({ examples: ['ProcessPayment'] }),
      needs_attention: z
        .literal('true', 'must be true or absent')
        .optional()
        .describe('Operators only: parked, because an undo keeps failing. 503 while Temporal cannot tell.')
        .meta({ examples: ['true'] }),
      ...pageFields,
    })
    .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'must be later than from' }),
  answers: {
    200: {
      description: 'A page of orders, without their history.',
      schema: page(summary),
      example: {
        items: [
          {
            id: ORDER_ID,
            user_id: USER_ID,
            status: 'CANCELLED',
            saga_state: 'SagaFailed',
            items: [
              {
                product_id: '019ac2b4-7c00-7000-8000-000000000003',
                quantity: 2,
                unit_price: { amount_minor: 1_250, currency: 'EUR' },
                line_total: MONEY,
              },
            ],
            subtotal: MONEY,
            tax: { amount_minor: 0, currency: 'EUR' },
            shipping: { amount_minor: 0, currency: 'EUR' },
            total: MONEY,
            failure: { step: 'ProcessPayment', reason: 'payment_declined' },
            created_at: '2026-11-27T08:00:00.000Z',
            links: { self: `/v1/orders/${ORDER_ID}`, status: `/v1/orders/${ORDER_ID}/status` },
          },
        ],
        next_cursor: null,
      },
    },
  },
  problems: ['forbidden'],
} as const satisfies Operation;
