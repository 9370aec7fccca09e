import type { Effect as EffectMessage } from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import {
  type FraudAssessment,
  type Payment as PaymentMessage,
  type PaymentMethod,
  PaymentStatus as PaymentStatusMessage,
  type Refund as RefundMessage,
} from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Effect } from '../domain/effect.ts';
import type { Payment } from '../domain/payment.ts';
import type { PaymentStatus } from '../domain/payment-status.ts';
import type { Refund } from '../domain/refunds/refund.ts';

const STATUS_MESSAGES: Readonly<Record<PaymentStatus, PaymentStatusMessage>> = {
  PENDING: PaymentStatusMessage.PAYMENT_STATUS_PENDING,
  AUTHORIZED: PaymentStatusMessage.PAYMENT_STATUS_AUTHORIZED,
  PROCESSING: PaymentStatusMessage.PAYMENT_STATUS_PROCESSING,
  COMPLETED: PaymentStatusMessage.PAYMENT_STATUS_COMPLETED,
  REFUNDING: PaymentStatusMessage.PAYMENT_STATUS_REFUNDING,
  REFUNDED: PaymentStatusMessage.PAYMENT_STATUS_REFUNDED,
  FAILED: PaymentStatusMessage.PAYMENT_STATUS_FAILED,
  VOIDED: PaymentStatusMessage.PAYMENT_STATUS_VOIDED,
};

/** The payment with its refunds, which the caller has loaded. */
export function paymentMessage(payment: Payment): PaymentMessage {
  const refunds = payment.refunds.getItems().filter(({ status }) => status !== 'FAILED');
  return {
    id: payment.id,
    orderId: payment.orderId,
    userId: payment.userId,
    amount: { amountMinor: payment.amountMinor, currency: payment.currency },
    status: STATUS_MESSAGES[payment.status],
    refundedMinor: payment.refundedMinor,
    providerReference: payment.providerReference ?? '',
    failureReason: payment.failureReason ?? '',
    createdAt: payment.createdAt,
    updatedAt: payment.updatedAt,
    fraud: fraudMessage(payment),
    method: methodMessage(payment),
    processedAt: payment.processedAt ?? undefined,
    // Ids are ordered by time.
    refunds: refunds.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((refund) => refundMessage(refund, payment.currency)),
    disputed: Boolean(payment.disputedAt),
  };
}

function methodMessage({ methodBrand: brand, methodLastFour: lastFour }: Payment): PaymentMethod | undefined {
  return typeof brand === 'string' && typeof lastFour === 'string' ? { brand, lastFour } : undefined;
}

function refundMessage({ id, amountMinor, completedAt, providerReference, paidBy }: Refund, currency: string): RefundMessage {
  return {
    id,
    amount: { amountMinor, currency },
    completedAt: completedAt ?? undefined,
    providerReference: providerReference ?? '',
    paidBy,
  };
}

function fraudMessage({ fraudScore: score, fraudFactors: factors }: Payment): FraudAssessment | undefined {
  return typeof score === 'number' && factors ? { score, factors: [...factors] } : undefined;
}

export function effectMessage({ sequence, kind, orderId, userId, reference, amountMinor, currency, at }: Effect): EffectMessage {
  const amount = { amountMinor: Number(amountMinor), currency };
  return { sequence: Number(sequence), kind, orderId, userId, reference, amount, at };
}
