import { hashRequest } from '../../platform/idempotency/record.ts';
import type { Handlers } from '../../platform/rpc/server.ts';
import { parseRequest } from '../../platform/rpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import type { Effect as EffectMessage } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import {
  type FraudAssessment,
  type Payment as PaymentMessage,
  PaymentStatus as PaymentStatusMessage,
  type PaymentsServiceService,
  ProcessPaymentRequest,
  RefundPaymentRequest,
  VoidPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Effect } from './effects.ts';
import type { Payment, PaymentStatus } from './entity.ts';
import {
  getBalanceSchema,
  getPaymentSchema,
  listEffectsSchema,
  processPaymentSchema,
  refundPaymentSchema,
  validatePaymentMethodSchema,
  voidPaymentSchema,
} from './requests.ts';
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
      // Of an undo without its reason: a later attempt for another reason is the same undo.
      const what = request.undoesKey ? { ...request, reason: '' } : request;
      const requestHash = hashRequest(RefundPaymentRequest.encode(what).finish());
      const refund = { key, requestHash, orderId, amount, undoesKey: undoesKey || undefined, reason };
      return { refundedMinor: await payments.refund(refund) };
    },

    async getPayment(request) {
      const { by } = parseRequest(getPaymentSchema, request);
      const payment = await payments.get(by.$case === 'paymentId' ? { id: by.value } : { orderId: by.value });
      annotate({ orderId: payment.orderId });
      return { payment: paymentMessage(payment) };
    },

    async voidPayment(request) {
      const { idempotencyKey: key, orderId, reason } = parseRequest(voidPaymentSchema, request);
      annotate({ orderId });
      await payments.void({ key, requestHash: hashRequest(VoidPaymentRequest.encode(request).finish()), orderId, reason });
      return {};
    },

    async validatePaymentMethod(request) {
      return payments.validateMethod(parseRequest(validatePaymentMethodSchema, request).paymentMethod);
    },

    async getBalance(request) {
      const query = parseRequest(getBalanceSchema, request);
      const { balanceMinor, ...sums } = await payments.balance(query);
      return { balance: { amountMinor: balanceMinor, currency: query.currency }, ...sums };
    },

    async audit() {
      return { findings: await payments.audit() };
    },

    async listEffects(request) {
      const { page } = parseRequest(listEffectsSchema, request);
      const { effects, nextCursor } = await payments.listEffects(page);
      return { effects: effects.map(effectMessage), nextCursor };
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

function effectMessage({ sequence, kind, orderId, userId, reference, amountMinor, currency, at }: Effect): EffectMessage {
  const amount = { amountMinor: Number(amountMinor), currency };
  return { sequence: Number(sequence), kind, orderId, userId, reference, amount, at };
}

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
    fraud: fraudMessage(payment),
  };
}

function fraudMessage({ fraudScore: score, fraudFactors: factors }: Payment): FraudAssessment | undefined {
  return typeof score === 'number' && factors ? { score, factors: [...factors] } : undefined;
}
