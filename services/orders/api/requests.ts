import * as z from 'zod';
import { currencyCode, entityId, idempotencyKey, paymentMethodToken, postalAddress, text } from '../../../platform/rpc/fields.ts';
import { OrderStatus } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { statusFrom } from './messages.ts';

// Lines of one order, and units of one product in each given line: beyond what a shop's customers buy. Merged lines may add up.
const LINES_MAX = 100;
const QUANTITY_MAX = 1_000;

const whole = (min: number, max: number) => z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);

const lines = <Line extends z.ZodType>(line: Line) =>
  z.array(line).min(1, 'must have at least 1 line').max(LINES_MAX, `must have at most ${LINES_MAX} lines`);

type Units = { readonly productId: string; readonly quantity: number };

/** The same product twice becomes one line, where it was first given. */
function mergeLines(given: readonly Units[]): Units[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of given) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return Array.from(quantities, ([productId, quantity]) => ({ productId, quantity }));
}

export const submitOrderSchema = z.object({
  idempotencyKey,
  // No colon: it separates the parts of the stored key.
  clientId: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, _ . or -'),
  userId: entityId,
  lines: lines(z.object({ productId: entityId, quantity: whole(1, QUANTITY_MAX) })).transform(mergeLines),
  paymentMethod: paymentMethodToken,
  shippingAddress: postalAddress.optional(),
});

export const createOrderSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  lines: lines(
    z
      .object({
        productId: entityId,
        quantity: whole(1, LINES_MAX * QUANTITY_MAX),
        unitPrice: z.object({
          amountMinor: z.int().min(0, 'must be at least 0'),
          currency: currencyCode,
        }),
      })
      .transform(({ unitPrice, ...line }) => ({ ...line, unitPriceMinor: unitPrice.amountMinor, currency: unitPrice.currency })),
  ),
});

export const confirmOrderSchema = z.object({ idempotencyKey, orderId: entityId, paymentId: entityId });

// Entries of the facts behind a reason, and characters of each.
const FACTS_MAX = 16;
const FACT_LENGTH_MAX = 200;

const facts = z
  .record(z.string().regex(/^[a-z_]{1,64}$/, 'must be 1 to 64 letters a to z or _'), text({ min: 0, max: FACT_LENGTH_MAX }))
  .refine((given) => Object.keys(given).length <= FACTS_MAX, `must have at most ${FACTS_MAX} entries`);

// Characters of a person's own words.
const NOTE_MAX = 200;

const actor = z.union([z.literal(''), entityId], 'must be a user id or empty').transform((id) => id || null);

const stepName = z.string().regex(/^[A-Za-z]{0,64}$/, 'must be the name of a saga step or empty');

export const cancelOrderSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  reason: z.string().regex(/^[a-z_]{1,64}$/, 'must be a reason of docs/problems.md'),
  facts,
  failedStep: stepName.transform((step) => step || null),
  undoesKey: idempotencyKey,
  actorId: actor,
  note: text({ min: 0, max: NOTE_MAX }),
});

export const recordInterventionSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  actorId: entityId,
  action: z.enum(['retry', 'resolve'], 'must be retry or resolve'),
  steps: z.array(z.string().regex(/^[A-Za-z]{1,64}$/, 'must be the name of a saga step')).min(1, 'must name a step'),
  reason: text({ min: 1, max: NOTE_MAX }),
  reference: text({ min: 0, max: NOTE_MAX }),
});

const userOrAll = z.union([z.literal(''), entityId], 'must be a UUID or empty');

export const getOrderSchema = z.object({
  orderId: entityId,
  userId: userOrAll,
});

// Orders per page when none is asked for, and at most.
const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;

export const listOrdersSchema = z
  .object({
    userId: userOrAll,
    status: z.enum(OrderStatus, 'must be a status or unspecified').transform(statusFrom),
    createdFrom: z.date().optional(),
    createdTo: z.date().optional(),
    failedStep: stepName.default(''),
    orderIds: z.array(entityId).max(PAGE_SIZE_MAX, `must be at most ${PAGE_SIZE_MAX} ids`),
    pageSize: whole(0, PAGE_SIZE_MAX).transform((size) => size || PAGE_SIZE),
    cursor: z.string().max(100, 'is not a cursor of this list'),
  })
  .refine(({ createdFrom, createdTo }) => !createdFrom || !createdTo || createdFrom < createdTo, {
    path: ['createdTo'],
    message: 'must be later than createdFrom',
  });

// Characters of a carrier's name and of its tracking number.
const SHIPMENT_TEXT_MAX = 100;

export const shipOrderSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  carrier: text({ min: 1, max: SHIPMENT_TEXT_MAX }),
  trackingNumber: text({ min: 1, max: SHIPMENT_TEXT_MAX }),
  actorId: actor,
});

export const deliverOrderSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  deliveredAt: z.date().optional(),
  actorId: actor,
});

export const requestReturnSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  returnId: entityId,
  lines: z
    .array(z.object({ productId: entityId, quantity: whole(1, LINES_MAX * QUANTITY_MAX) }))
    .max(LINES_MAX, `must have at most ${LINES_MAX} lines`)
    .transform(mergeLines),
  reason: text({ min: 1, max: NOTE_MAX }),
  actorId: entityId,
});

export const completeReturnSchema = z.object({ idempotencyKey, orderId: entityId, returnId: entityId });

// Effects per page when none is asked for, and at most.
const EFFECTS_SIZE = 100;
const EFFECTS_SIZE_MAX = 1_000;

export const listEffectsSchema = z.object({
  page: z
    .object({
      since: z.date().optional(),
      pageSize: whole(0, EFFECTS_SIZE_MAX).transform((size) => size || EFFECTS_SIZE),
      cursor: z.string().max(100, 'is not a cursor of this list'),
    })
    .prefault({ pageSize: 0, cursor: '' }),
});
