import type { Finding } from '../../../platform/audit/evaluate.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import {
  type PaymentsServiceService,
  ProcessPaymentRequest,
  ProcessPaymentResponse,
  RefundPaymentRequest,
  RefundPaymentResponse,
  SettleOutsideRequest,
  SettleOutsideResponse,
  VoidPaymentRequest,
  VoidPaymentResponse,
} from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Dependencies } from '../domain/dependencies.ts';
import type { EffectsOfPage, EffectsPage } from '../domain/effect.ts';
import { getPayment } from '../domain/get-payment.ts';
import { type BalanceQuery, getBalance, type Sums } from '../domain/ledger/get-balance.ts';
import { processPayment } from '../domain/process-payment.ts';
import { recordProviderEvent } from '../domain/provider-events/record-provider-event.ts';
import { refundPayment } from '../domain/refunds/refund-payment.ts';
import { settleOutside } from '../domain/refunds/settle-outside.ts';
import { validatePaymentMethod } from '../domain/validate-payment-method.ts';
import { voidPayment } from '../domain/void-payment.ts';
import { createLeased } from './leased.ts';
import { effectMessage, paymentMessage } from './messages.ts';
import {
  getBalanceSchema,
  getPaymentSchema,
  listEffectsSchema,
  processPaymentSchema,
  recordProviderEventSchema,
  refundPaymentSchema,
  settleOutsideSchema,
  validatePaymentMethodSchema,
  voidPaymentSchema,
} from './requests.ts';

/** The handlers' work: the use cases' dependencies, and the reads of the store. */
export type HandlerDependencies = Dependencies & {
  readonly database: Database;
  sumPostings(query: BalanceQuery): Promise<Sums>;
  listEffects(page: EffectsPage): Promise<EffectsOfPage>;
  audit(): Promise<Finding[]>;
};

type PaymentsHandlers = Handlers<typeof PaymentsServiceService>;
type Reads = 'getPayment' | 'validatePaymentMethod' | 'getBalance' | 'audit' | 'listEffects';

export function createHandler(dependencies: HandlerDependencies): PaymentsHandlers {
  return { ...movesOf(dependencies), ...readsOf(dependencies) };
}

/** The calls that change something. */
function movesOf(dependencies: HandlerDependencies): Omit<PaymentsHandlers, Reads> {
  const { database, provider, fraud, logger } = dependencies;
  const leased = createLeased({ sql: database.sql, logger });
  return {
    processPayment: leased(
      {
        operation: 'ProcessPayment',
        request: ProcessPaymentRequest,
        response: ProcessPaymentResponse,
        schema: processPaymentSchema,
        waitsMs: provider.deadlineMs + fraud.deadlineMs,
      },
      ({ orderId, userId, amount, paymentMethod: token }, operation) =>
        processPayment(dependencies, operation, { orderId, userId, ...amount, token }),
    ),

    refundPayment: leased(
      {
        operation: 'RefundPayment',
        request: RefundPaymentRequest,
        response: RefundPaymentResponse,
        schema: refundPaymentSchema,
        // An undo is identified without its reason: a later attempt for another reason is the same undo.
        identity: (request) => (request.undoesKey ? { ...request, reason: '' } : request),
        // A refund that is refused is followed by a look at the charge.
        waitsMs: 2 * provider.deadlineMs,
      },
      ({ orderId, amount, undoesKey, reason }, operation) =>
        refundPayment(dependencies, { operation, orderId, amount, undoesKey: undoesKey || undefined, reason }),
    ),

    settleOutside: leased(
      {
        operation: 'SettleOutside',
        request: SettleOutsideRequest,
        response: SettleOutsideResponse,
        schema: settleOutsideSchema,
        // The refund's key is cancelled, then the charge is read.
        waitsMs: 2 * provider.deadlineMs,
      },
      ({ orderId, settlesKey, amount, reference, reason, actorId }, operation) =>
        settleOutside(dependencies, { operation, orderId, settlesKey, amount, reference, reason, actorId }),
    ),

    async recordProviderEvent(request) {
      const { type, providerReference } = parseRequest(recordProviderEventSchema, request);
      await recordProviderEvent(dependencies, { type, chargeId: providerReference });
      return {};
    },

    voidPayment: leased(
      {
        operation: 'VoidPayment',
        request: VoidPaymentRequest,
        response: VoidPaymentResponse,
        schema: voidPaymentSchema,
        waitsMs: provider.deadlineMs,
      },
      ({ orderId, reason }, operation) => voidPayment(dependencies, { operation, orderId, reason }),
    ),
  };
}

function readsOf(dependencies: HandlerDependencies): Pick<PaymentsHandlers, Reads> {
  const { database } = dependencies;
  return {
    async getPayment(request) {
      const { by } = parseRequest(getPaymentSchema, request);
      const { em } = database.read();
      const payment = await getPayment(em, by.$case === 'paymentId' ? { id: by.value } : { orderId: by.value });
      annotate({ orderId: payment.orderId });
      return { payment: paymentMessage(payment) };
    },

    async validatePaymentMethod(request) {
      const { paymentMethod } = parseRequest(validatePaymentMethodSchema, request);
      return validatePaymentMethod(dependencies, paymentMethod);
    },

    async getBalance(request) {
      const query = parseRequest(getBalanceSchema, request);
      const { balanceMinor, ...sums } = await getBalance(dependencies, query);
      return { balance: { amountMinor: balanceMinor, currency: query.currency }, ...sums };
    },

    async audit() {
      return { findings: await dependencies.audit() };
    },

    async listEffects(request) {
      const { page } = parseRequest(listEffectsSchema, request);
      const { effects, nextCursor } = await dependencies.listEffects(page);
      return { effects: effects.map(effectMessage), nextCursor };
    },
  };
}
