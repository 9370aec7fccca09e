import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import { pauseAt } from './payments-disturbed.ts';
import {
  chargedUnknown,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  refundOf,
  undoOf,
} from './payments-fixture.ts';

type Calls = UnaryCalls<typeof PaymentsServiceService>;

// The provider simulator's tokens and what the service makes of its refusals.
const REFUSED_TOKENS = [
  ['tok_declined', 'payment_declined'],
  ['tok_insufficient', 'payment_insufficient_funds'],
  ['tok_expired', 'payment_expired_card'],
  ['tok_fraud', 'fraud_review'],
  ['tok_made_up', 'payment_method_invalid'],
] as const;
// Milliseconds that the service names when a call is worth repeating.
const RETRY_MS = 1_000;

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});
afterAll(() => fixture.close());

const voidOf = (orderId: string) => ({ idempotencyKey: randomUUID(), orderId, reason: 'order_cancelled' });

async function charged() {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  return request;
}

const ILLEGAL = { code: 'FAILED_PRECONDITION', reason: 'illegal_transition' } as const;
const NOT_FOUND = { code: 'NOT_FOUND', reason: 'not_found' } as const;
const INVALID = { code: 'INVALID_ARGUMENT', reason: 'validation_failed' } as const;
const UNKNOWN = { code: 'UNAVAILABLE', reason: 'unavailable', retryDelayMs: RETRY_MS } as const;

const ROWS: readonly ErrorRow<Calls>[] = [
  ...REFUSED_TOKENS.map(
    ([paymentMethod, reason]): ErrorRow<Calls> => ({
      rpc: 'processPayment',
      when: `the provider refuses ${paymentMethod}`,
      given: async () => ({ call: () => payments.processPayment(payment({ paymentMethod }), LIMITS) }),
      code: 'FAILED_PRECONDITION',
      reason,
    }),
  ),
  {
    rpc: 'processPayment',
    when: 'the provider is down',
    given: async () => ({ call: () => payments.processPayment(payment({ paymentMethod: 'tok_outage' }), LIMITS) }),
    ...UNKNOWN,
  },
  {
    rpc: 'processPayment',
    when: 'the key was used for another amount',
    given: async () => {
      const request = await charged();
      const call = () => payments.processPayment({ ...request, amount: { amountMinor: 1, currency: 'EUR' } }, LIMITS);
      return { call, facts: { key: request.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  },
  {
    rpc: 'processPayment',
    when: 'the order has another payment',
    given: async () => {
      const { orderId } = await charged();
      const call = () => payments.processPayment(payment({ orderId, idempotencyKey: randomUUID() }), LIMITS);
      return { call, facts: { order_id: orderId } };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'processPayment',
    when: 'it was undone before it arrived',
    given: async () => {
      const request = payment();
      await payments.refundPayment(undoOf(request), LIMITS);
      return { call: () => payments.processPayment(request, LIMITS), facts: { key: request.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  },
  {
    rpc: 'processPayment',
    when: 'it is at work elsewhere',
    given: async () => {
      const pause = pauseAt('charge', 'before');
      const elsewhere = await fixture.start(pause.disturb);
      const request = payment();
      const first = elsewhere.processPayment(request, LIMITS);
      await pause.arrived;
      const call = async () => {
        try {
          await payments.processPayment(request, LIMITS);
        } finally {
          pause.letGo();
          await first;
        }
      };
      return { call, facts: { key: request.idempotencyKey } };
    },
    code: 'ABORTED',
    reason: 'unavailable',
    retryDelayMs: RETRY_MS,
  },
  {
    rpc: 'refundPayment',
    when: 'nothing was charged for the order',
    given: async () => ({ call: () => payments.refundPayment(refundOf(payment()), LIMITS) }),
    ...NOT_FOUND,
  },
  {
    rpc: 'refundPayment',
    when: 'more is asked back than was charged',
    given: async () => {
      const facts = { requested_amount_minor: '2600', refundable_amount_minor: '2599', currency: 'EUR' };
      const request = await charged();
      return { call: () => payments.refundPayment(refundOf(request, 2_600), LIMITS), facts };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'refund_exceeds_capture',
  },
  {
    rpc: 'refundPayment',
    when: 'the currency is another one',
    given: async () => {
      const request = { ...refundOf(await charged()), amount: { amountMinor: 1, currency: 'USD' } };
      return { call: () => payments.refundPayment(request, LIMITS) };
    },
    ...INVALID,
    fields: ['amount.currency'],
  },
  {
    rpc: 'refundPayment',
    when: "it names another order's charge",
    given: async () => {
      const request = { ...undoOf(payment()), undoesKey: (await charged()).idempotencyKey };
      return { call: () => payments.refundPayment(request, LIMITS) };
    },
    ...INVALID,
    fields: ['undoesKey'],
  },
  {
    rpc: 'refundPayment',
    when: 'it is not known yet whether the charge happened',
    given: async () => {
      const request = payment({ paymentMethod: 'tok_outage' });
      await payments.processPayment(request, LIMITS).catch(() => undefined);
      return { call: () => payments.refundPayment(refundOf(request, 1), LIMITS), facts: { order_id: request.orderId } };
    },
    ...UNKNOWN,
  },
  ...(['paymentId', 'orderId'] as const).map(
    ($case): ErrorRow<Calls> => ({
      rpc: 'getPayment',
      when: `there is none with this ${$case}`,
      given: async () => ({ call: () => payments.getPayment({ by: { $case, value: randomUUID() } }, LIMITS) }),
      ...NOT_FOUND,
    }),
  ),
  {
    rpc: 'voidPayment',
    when: 'nothing was authorised for the order',
    given: async () => ({ call: () => payments.voidPayment(voidOf(randomUUID()), LIMITS) }),
    ...NOT_FOUND,
  },
  {
    rpc: 'voidPayment',
    when: 'the money was taken',
    given: async () => {
      const { orderId } = await charged();
      const facts = { current_status: 'COMPLETED', attempted_status: 'VOIDED' };
      return { call: () => payments.voidPayment(voidOf(orderId), LIMITS), facts };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'voidPayment',
    when: 'it is not known yet whether the money was taken',
    given: async () => {
      const { orderId } = await chargedUnknown(payments);
      return { call: () => payments.voidPayment(voidOf(orderId), LIMITS), facts: { order_id: orderId } };
    },
    ...UNKNOWN,
  },
  {
    rpc: 'validatePaymentMethod',
    when: 'the token holds a space',
    given: async () => ({ call: () => payments.validatePaymentMethod({ paymentMethod: 'tok ok' }, LIMITS) }),
    ...INVALID,
    fields: ['paymentMethod'],
  },
  tamperedCursor('listEffects', 'page.cursor', () =>
    payments.listEffects({ page: { since: undefined, pageSize: 0, cursor: 'tampered' } }, LIMITS),
  ),
];

testErrors(ROWS);

testEmptyRequests(PaymentsServiceService, () => payments, {
  processPayment: ['idempotencyKey', 'orderId', 'userId', 'amount', 'paymentMethod'],
  refundPayment: ['idempotencyKey', 'orderId', 'reason', 'undoesKey'],
  getPayment: ['by'],
  settleOutside: ['idempotencyKey', 'orderId', 'settlesKey', 'reference', 'reason', 'actorId'],
  recordProviderEvent: ['idempotencyKey', 'type', 'providerReference'],
  voidPayment: ['idempotencyKey', 'orderId', 'reason'],
  validatePaymentMethod: ['paymentMethod'],
  getBalance: ['account', 'currency'],
  audit: [],
  listEffects: [],
});

testEmptyRequests(OutboxServiceService, () => payments.outbox, { listUnrelayed: [], markRelayed: ['eventIds'] });

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [
    payments.getPayment({ by: { $case: 'orderId', value: randomUUID() } }, LIMITS),
    payments.processPayment(payment(), LIMITS),
    payments.voidPayment(voidOf(randomUUID()), LIMITS),
    payments.outbox.listUnrelayed({ limit: 0 }, LIMITS),
    payments.outbox.markRelayed({ eventIds: [randomUUID()] }, LIMITS),
  ],
);
