import type { Effect as EffectMessage } from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import {
  type FraudAssessment,
  type Payment as PaymentMessage,
  PaymentStatus as PaymentStatusMessage,
} from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Effect } from '../domain/effect.ts';
import type { Payment } from '../domain/payment.ts';
import type { PaymentStatus } from '../domain/payment-status.ts';

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

export function paymentMessage(payment: Payment): PaymentMessage {
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
  };
}

function fraudMessage({ fraudScore: score, fraudFactors: factors }: Payment): FraudAssessment | undefined {
  return typeof score === 'number' && factors ? { score, factors: [...factors] } : undefined;
}

export function effectMessage({ sequence, kind, orderId, userId, reference, amountMinor, currency, at }: Effect): EffectMessage {
  const amount = { amountMinor: Number(amountMinor), currency };
  return { sequence: Number(sequence), kind, orderId, userId, reference, amount, at };
}
