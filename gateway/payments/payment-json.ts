import * as z from 'zod';
import { isReason } from '../../contracts/reasons.ts';
import { type Payment, PaymentStatus, type Refund } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { moneyJson, present } from '../http/json.ts';
import { id, money, reason, time } from '../http/schemas.ts';

const STATUS_NAMES = ['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED', 'REFUNDING', 'REFUNDED', 'FAILED', 'VOIDED'] as const;

const PAID_BY = ['provider', 'provider_back_office', 'outside'] as const;

export const paymentSchema = z
  .strictObject({
    id,
    order_id: id,
    user_id: id,
    amount: money,
    status: z.enum(STATUS_NAMES),
    refunded: money.describe('Never above the amount.'),
    refunds: z
      .array(
        z.strictObject({
          id,
          amount: money,
          completed_at: time.optional().describe('Absent: in progress.'),
          paid_by: z.enum(PAID_BY).optional().describe('For operators.'),
          provider_reference: z.string().optional().describe("For operators: the provider's id of the refund."),
        }),
      )
      .describe('Oldest first.'),
    method: z
      .strictObject({ brand: z.string(), last_four: z.string() })
      .optional()
      .describe('As the payment provider describes it; absent while it has not.'),
    processed_at: time.optional().describe('When the money was taken; absent before.'),
    disputed: z.boolean().optional().describe('For operators: the customer disputes the charge with the bank.'),
    provider_reference: z.string().optional().describe("The provider's id of the charge; absent while it is not known."),
    failure_reason: reason.optional(),
    fraud: z
      .strictObject({
        score: z.int().describe('The sum of the weights.'),
        factors: z.array(z.strictObject({ name: z.string(), weight: z.int(), reason: z.string() })),
      })
      .optional()
      .describe('For operators: why the fraud check passed or held it; absent while that is not known.'),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Payment' });

const STATUSES: Readonly<Record<PaymentStatus, (typeof STATUS_NAMES)[number]>> = {
  [PaymentStatus.PAYMENT_STATUS_UNSPECIFIED]: 'PENDING',
  [PaymentStatus.PAYMENT_STATUS_PENDING]: 'PENDING',
  [PaymentStatus.PAYMENT_STATUS_AUTHORIZED]: 'AUTHORIZED',
  [PaymentStatus.PAYMENT_STATUS_PROCESSING]: 'PROCESSING',
  [PaymentStatus.PAYMENT_STATUS_COMPLETED]: 'COMPLETED',
  [PaymentStatus.PAYMENT_STATUS_REFUNDING]: 'REFUNDING',
  [PaymentStatus.PAYMENT_STATUS_REFUNDED]: 'REFUNDED',
  [PaymentStatus.PAYMENT_STATUS_FAILED]: 'FAILED',
  [PaymentStatus.PAYMENT_STATUS_VOIDED]: 'VOIDED',
};

function refundJson(refund: Refund, { forOperator }: { readonly forOperator: boolean }) {
  return {
    id: refund.id,
    amount: moneyJson(present(refund.amount, 'an amount')),
    completed_at: refund.completedAt,
    ...(forOperator ? { paid_by: refund.paidBy, provider_reference: refund.providerReference || undefined } : {}),
  };
}

/** Only operators see the fraud check: customers could try out what passes. */
export function paymentJson(payment: Payment, { forOperator }: { readonly forOperator: boolean }) {
  const amount = moneyJson(present(payment.amount, 'an amount'));
  return {
    id: payment.id,
    order_id: payment.orderId,
    user_id: payment.userId,
    amount,
    status: STATUSES[payment.status],
    refunded: { amount_minor: payment.refundedMinor, currency: amount.currency },
    refunds: payment.refunds.map((refund) => refundJson(refund, { forOperator })),
    method: payment.method && { brand: payment.method.brand, last_four: payment.method.lastFour },
    processed_at: payment.processedAt,
    disputed: forOperator ? payment.disputed : undefined,
    provider_reference: payment.providerReference || undefined,
    failure_reason: isReason(payment.failureReason) ? payment.failureReason : undefined,
    fraud: forOperator ? payment.fraud : undefined,
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
  };
}
