import * as z from 'zod';
import { entityId, idempotencyKey } from '../../platform/grpc/fields.ts';

const money = z.object({
  amountMinor: z.int().min(1, 'must be at least 1'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'),
});

export const processPaymentSchema = z.object({
  idempotencyKey,
  orderId: entityId,
  userId: entityId,
  amount: money,
  // The provider's opaque token.
  paymentMethod: z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters'),
});

export const refundPaymentSchema = z
  .object({
    idempotencyKey,
    orderId: entityId,
    amount: money.optional(),
    undoesKey: z.union([z.literal(''), idempotencyKey], 'must be an idempotency key or empty'),
    reason: z.string().regex(/^[a-z_]{1,64}$/, 'must be a reason of docs/problems.md'),
  })
  .refine(({ amount, undoesKey }) => !amount || undoesKey === '', {
    path: ['amount'],
    message: 'must be absent in an undo, which gives back all that is left',
  })
  .refine(({ idempotencyKey: key, undoesKey }) => key !== undoesKey, {
    path: ['undoesKey'],
    message: 'must differ from the key of the undo itself',
  });

export const getPaymentSchema = z.object({
  by: z.discriminatedUnion(
    '$case',
    [z.object({ $case: z.literal('paymentId'), value: entityId }), z.object({ $case: z.literal('orderId'), value: entityId })],
    'must be a payment id or an order id',
  ),
});
