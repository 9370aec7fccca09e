import * as z from 'zod';
import type { Operation } from './operation.ts';
import { id, money, reason, time } from './shapes.ts';

export const PAYMENT_STATUS_NAMES = [
  'PENDING',
  'AUTHORIZED',
  'PROCESSING',
  'COMPLETED',
  'REFUNDING',
  'REFUNDED',
  'FAILED',
  'VOIDED',
] as const;

/** The payment provider's opaque token, wherever one is given. */
export const paymentMethodSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "must be the payment provider's token")
  .describe("The payment provider's opaque token.");

const fraudAnswer = z.strictObject({
  score: z.int().describe('The sum of the weights.'),
  factors: z.array(z.strictObject({ name: z.string(), weight: z.int(), reason: z.string() })),
});

export const paymentAnswer = z
  .strictObject({
    id,
    order_id: id,
    user_id: id,
    amount: money,
    status: z.enum(PAYMENT_STATUS_NAMES),
    refunded: money.describe('Never above the amount.'),
    provider_reference: z.string().optional().describe("The provider's id of the charge; absent while it is not known."),
    failure_reason: reason.optional(),
    fraud: fraudAnswer
      .optional()
      .describe('For operators: why the fraud check let it pass or held it; absent while that is not known.'),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Payment' });

export const validatePaymentMethod = {
  id: 'validatePaymentMethod',
  method: 'POST',
  path: '/v1/payment-methods/validate',
  tag: 'payments',
  summary: 'Ask whether the payment provider knows a payment method',
  description: 'Charges nothing and holds nothing. A valid one may still be declined when it is charged.',
  access: 'signed-in',
  body: z.strictObject({ payment_method: paymentMethodSchema }),
  answers: {
    200: {
      description: 'Whether it is valid, and if not, why.',
      schema: z.strictObject({ valid: z.boolean(), reason: reason.optional() }),
    },
  },
} as const satisfies Operation;

export const readPayment = {
  id: 'readPayment',
  method: 'GET',
  path: '/v1/payments/:id',
  tag: 'payments',
  summary: 'Read a payment',
  description: "A customer reads only the own ones; operators and admins anybody's.",
  access: 'signed-in',
  answers: { 200: { description: 'The payment.', schema: paymentAnswer } },
} as const satisfies Operation;
