import type { Handlers } from '../../platform/grpc/server.ts';
import { parseRequest } from '../../platform/grpc/validate.ts';
import { hashRequest } from '../../platform/idempotency/record.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import {
  type Payment as PaymentMessage,
  PaymentStatus as PaymentStatusMessage,
  type PaymentsServiceService,
  ProcessPaymentRequest,
  RefundPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Payment, PaymentStatus } from './entity.ts';
import { getPaymentSchema, processPaymentSchema, refundPaymentSchema } from './requests.ts';
import type { Payments } from './service.ts';

export function createHandler(payments: Payments): Handlers<typeof PaymentsServiceService> {
  return {
    async processPayment(request) {
      const { idempotencyKey: key, orderId, userId, amount, paymentMethod } = parseRequest(processPaymentSchema, request);
      annotate({ orderId, userId });
      const requestHash = hashRequest(ProcessPaymentRequest.encode(request).finish());
      return { paymentId: await payments.process({ key, requestHash, orderId, userId, ...amount, token: paymentMethod }) };
    },

    async refundPayment(request) {
      const { idempotencyKey: key, orderId, amount, undoesKey, reason } = parseRequest(refundPaymentSchema, request);
      annotate({ orderId });
      const requestHash = hashRequest(RefundPaymentRequest.encode(request).finish());
      const refund = { key, requestHash, orderId, amount, undoesKey: undoesKey || undefined, reason };
      return { refundedMinor: await payments.refund(refund) };
    },

    async getPayment(request) {
      const { by } = parseRequest(getPaymentSchema, request);
      const payment = await payments.get(by.$case === 'paymentId' ? { id: by.value } : { orderId: by.value });
      annotate({ orderId: payment.orderId });
      return { payment: paymentMessage(payment) };
    },
  };
}

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

function paymentMessage(payment: Payment): PaymentMessage {
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
  };
}
