/** A refund that was paid by other means than the provider. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  LedgerAccount,
  PaymentStatus,
  type ProcessPaymentRequest,
  type RefundPaymentRequest,
  type SettleOutsideRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { insist } from '../../testkit/insist.ts';
import { crashOnce, pauseAt } from './payments-disturbed.ts';
import {
  CHARGED,
  chargedUnknown,
  failure,
  GIVEN_BACK,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  read,
  refundOf,
  undoOf,
  violated,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(async () => {
  const { ours, theirs } = await fixture.books();
  expect(theirs).toEqual(ours);
  expect(await violated(payments)).toEqual({});
  await fixture.close();
});

async function charged(): Promise<ProcessPaymentRequest> {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  return request;
}

async function disputed(request: ProcessPaymentRequest): Promise<void> {
  await fixture.provider.dispute((await read(payments, request.orderId)).providerReference);
}

function settlementOf(refund: RefundPaymentRequest, amountMinor?: number): SettleOutsideRequest {
  return {
    idempotencyKey: `${refund.idempotencyKey}:settled-outside`,
    orderId: refund.orderId,
    settlesKey: refund.idempotencyKey,
    amount: amountMinor === undefined ? undefined : { amountMinor, currency: 'EUR' },
    reference: 'SEPA 4711',
    reason: 'Paid back by bank transfer',
    actorId: randomUUID(),
  };
}

async function outsideOf({ orderId }: { readonly orderId: string }): Promise<number | undefined> {
  const of = { $case: 'orderId', value: orderId } as const;
  const account = LedgerAccount.LEDGER_ACCOUNT_SETTLED_OUTSIDE;
  return (await payments.getBalance({ account, currency: 'EUR', at: undefined, of }, LIMITS)).balance?.amountMinor;
}

test('a refund that the provider refuses is settled outside, and its later attempts pay nothing', async () => {
  const request = await charged();
  await disputed(request);
  const refund = refundOf(request, 1_000);
  expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({ reason: 'payment_declined' });
  const settlement = settlementOf(refund, 1_000);

  expect(await payments.settleOutside(settlement, LIMITS)).toEqual({ settledMinor: 1_000 });
  expect(await payments.settleOutside(settlement, LIMITS)).toEqual({ settledMinor: 1_000 });
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 0 });

  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_COMPLETED, refundedMinor: 1_000, disputed: true });
  expect(found.refunds).toMatchObject([{ amount: { amountMinor: 1_000 }, paidBy: 'outside', providerReference: '' }]);
  expect(await outsideOf(request)).toBe(1_000);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('an undo of everything that was paid back by other means leaves the payment REFUNDED', async () => {
  const request = await charged();
  await disputed(request);
  await failure(payments.refundPayment(undoOf(request), LIMITS));
  expect(await payments.settleOutside(settlementOf(undoOf(request)), LIMITS)).toEqual({ settledMinor: 2_599 });
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });
  // The undo for another reason is the same undo.
  expect(await payments.refundPayment({ ...undoOf(request), reason: 'hold_expired' }, LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await read(payments, request.orderId)).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_REFUNDED });
  expect(await fixture.history(request.orderId)).toEqual([
    ...['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED'],
    ...['REFUNDING', 'REFUNDED'],
  ]);
});

test('a settlement before its refund has ever arrived answers the refund when it comes', async () => {
  const request = await charged();
  const refund = refundOf(request, 1_000);
  expect(await payments.settleOutside(settlementOf(refund, 1_000), LIMITS)).toEqual({ settledMinor: 1_000 });
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('a refund that was refused for good here is settled with what is left', async () => {
  const request = await charged();
  await payments.refundPayment(refundOf(request, 2_000), LIMITS);
  const refund = refundOf(request, 1_000);
  expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({ reason: 'refund_exceeds_capture' });
  expect(await payments.settleOutside(settlementOf(refund, 1_000), LIMITS)).toEqual({ settledMinor: 599 });
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 0 });
});

test('nothing is left to settle of a refund that was paid, of a payment without money, and of no payment', async () => {
  const request = await charged();
  await payments.refundPayment(undoOf(request), LIMITS);
  expect(await payments.settleOutside(settlementOf(undoOf(request)), LIMITS)).toEqual({ settledMinor: 0 });
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });

  const declined = payment({ paymentMethod: 'tok_declined' });
  await failure(payments.processPayment(declined, LIMITS));
  for (const { orderId } of [declined, payment()]) {
    expect(await payments.settleOutside(settlementOf(refundOf({ ...declined, orderId })), LIMITS)).toEqual({ settledMinor: 0 });
  }
});

test('a settlement waits for a refund that is at work, and finds it paid', async () => {
  const pause = pauseAt('refund', 'before');
  const slow = await fixture.start(pause.disturb);
  const request = await charged();
  const refund = refundOf(request, 1_000);
  const working = slow.refundPayment(refund, LIMITS);
  await pause.arrived;
  expect(await failure(payments.settleOutside(settlementOf(refund, 1_000), LIMITS))).toMatchObject({ code: 'ABORTED' });
  pause.letGo();
  await working;
  const settled = await insist(() => payments.settleOutside(settlementOf(refund, 1_000), LIMITS));
  expect(settled).toEqual({ settledMinor: 0 });
  expect(await outsideOf(request)).toBe(0);
});

test('a refund waits for a settlement that is at work, and is never paid', async () => {
  const pause = pauseAt('findCharge', 'before');
  const slow = await fixture.start(pause.disturb);
  const request = await charged();
  const refund = refundOf(request, 1_000);
  const settling = slow.settleOutside(settlementOf(refund, 1_000), LIMITS);
  await pause.arrived;
  expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({ code: 'ABORTED' });
  pause.letGo();
  expect(await settling).toEqual({ settledMinor: 1_000 });
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('a refund that slept at the provider while it was settled is refused there', async () => {
  const pause = pauseAt('refund', 'before');
  const sleeper = await fixture.start(pause.disturb);
  const request = await charged();
  const refund = refundOf(request, 1_000);
  const sleeping = failure(sleeper.refundPayment(refund, LIMITS));
  await pause.arrived;
  await fixture.expireLeases();
  expect(await payments.settleOutside(settlementOf(refund, 1_000), LIMITS)).toEqual({ settledMinor: 1_000 });
  pause.letGo();
  expect(await sleeping).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('a refund whose answer was lost is recorded as paid by the provider, and not settled again', async () => {
  const dying = await fixture.start(crashOnce('refund', 'after'));
  const request = await charged();
  const refund = refundOf(request);
  await failure(dying.refundPayment(refund, LIMITS));
  expect(await payments.settleOutside(settlementOf(refund), LIMITS)).toEqual({ settledMinor: 0 });
  expect((await read(payments, request.orderId)).refunds).toMatchObject([{ paidBy: 'provider' }]);
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
  expect(await outsideOf(request)).toBe(0);
});

test('a charge that is not known here is forbidden or found before its refund is settled', async () => {
  const found = await chargedUnknown(payments);
  expect(await payments.settleOutside(settlementOf(undoOf(found)), LIMITS)).toEqual({ settledMinor: 2_599 });
  const never = payment({ paymentMethod: 'tok_outage' });
  await failure(payments.processPayment(never, LIMITS));
  expect(await payments.settleOutside(settlementOf(undoOf(never)), LIMITS)).toEqual({ settledMinor: 0 });
  expect(await failure(payments.processPayment(never, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('it is an effect of its own kind, its event has no word of the operator, and another currency is invalid', async () => {
  const request = await charged();
  const refund = refundOf(request, 1_000);
  const dollars = { ...settlementOf(refund), amount: { amountMinor: 1, currency: 'USD' } };
  expect(await failure(payments.settleOutside(dollars, LIMITS))).toMatchObject({ violations: [{ field: 'amount.currency' }] });
  await payments.settleOutside(settlementOf(refund, 1_000), LIMITS);
  const page = { since: undefined, pageSize: 1_000, cursor: '' };
  const { effects } = await payments.listEffects({ page }, LIMITS);
  const own = effects.filter(({ orderId }) => orderId === request.orderId);
  expect(own).toMatchObject([{ kind: 'charged' }, { kind: 'settled_outside', amount: { amountMinor: 1_000 } }]);
  expect(own.at(-1)?.reference).toBe((await read(payments, request.orderId)).refunds[0]?.id);
  const { events } = await payments.outbox.listUnrelayed({ limit: 500 }, LIMITS);
  const types = events.filter(({ orderId }) => orderId === request.orderId).map(({ type }) => type);
  expect(types.slice(-2)).toEqual(['payment.refund_started', 'payment.refunded']);
  expect(JSON.stringify(events)).not.toContain('bank transfer');
});
