import { isReason } from '../contracts/reasons.ts';
import { type Payment, PaymentStatus } from '../proto/gen/shopfast/payments/v1/payments.ts';
import type { PAYMENT_STATUS_NAMES } from './api/payments.ts';
import { moneyJson, present } from './wire.ts';

type StatusName = (typeof PAYMENT_STATUS_NAMES)[number];

const STATUSES: Readonly<Record<PaymentStatus, StatusName>> = {
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

/** Operators see why the fraud check let it pass or held it; customers do not, or they could try out what passes. */
export function paymentJson(payment: Payment, { forOperator }: { readonly forOperator: boolean }) {
  const amount = moneyJson(present(payment.amount, 'an amount'));
  return {
    id: payment.id,
    order_id: payment.orderId,
    user_id: payment.userId,
    amount,
    status: STATUSES[payment.status],
    refunded: { amount_minor: payment.refundedMinor, currency: amount.currency },
    provider_reference: payment.providerReference || undefined,
    failure_reason: isReason(payment.failureReason) ? payment.failureReason : undefined,
    fraud: forOperator ? payment.fraud : undefined,
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
  };
}
