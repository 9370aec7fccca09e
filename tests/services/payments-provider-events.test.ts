/** The provider's own news, and refunds that the provider refuses because of what happened there. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus, type ProcessPaymentRequest } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { crashOnce, pauseAt } from './payments-disturbed.ts';
import {
  chargedUnknown,
  failure,
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

async function charged(): Promise<ProcessPaymentRequest & { readonly chargeId: string }> {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  return { ...request, chargeId: (await read(payments, request.orderId)).providerReference };
}

function event(type: string, chargeId: string) {
  const given = { idempotencyKey: `evt_${randomUUID()}`, type, providerReference: chargeId };
  return payments.recordProviderEvent(given, LIMITS);
}

async function typesOf({ orderId }: { readonly orderId: string }): Promise<string[]> {
  const { events } = await payments.outbox.listUnrelayed({ limit: 500 }, LIMITS);
  return events.filter((one) => one.orderId === orderId).map(({ type }) => type);
}

test('a refund of the back office is recorded once, whatever event comes how often', async () => {
  const request = await charged();
  await fixture.provider.refundInBackOffice(request.chargeId, 600);
  await event('charge.refunded', request.chargeId);
  await event('charge.captured', request.chargeId);
  await Promise.all(Array.from({ length: 5 }, () => event('charge.refunded', request.chargeId)));

  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_COMPLETED, refundedMinor: 600 });
  expect(found.refunds).toMatchObject([{ amount: { amountMinor: 600 }, paidBy: 'provider_back_office' }]);
  expect((await typesOf(request)).slice(-2)).toEqual(['payment.refund_started', 'payment.refunded']);
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 1_999 });
});

test('a dispute is flagged and emitted once', async () => {
  const request = await charged();
  await fixture.provider.dispute(request.chargeId);
  await Promise.all(Array.from({ length: 3 }, () => event('charge.disputed', request.chargeId)));
  expect(await read(payments, request.orderId)).toMatchObject({ disputed: true });
  expect((await typesOf(request)).filter((type) => type === 'payment.disputed')).toHaveLength(1);
});

test('the late outcome of a charge is recorded, and the attempt that comes later completes the record', async () => {
  const request = await chargedUnknown(payments);
  const chargeId = (await fixture.provider.findByKey(request.idempotencyKey))?.id ?? '';
  await event('charge.captured', chargeId);
  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_COMPLETED, method: { brand: 'visa', lastFour: '4242' } });
  expect(found.processedAt).toBeInstanceOf(Date);
  await payments.processPayment(request, LIMITS);
  expect((await read(payments, request.orderId)).fraud).toMatchObject({ score: 5 });
});

test('an event of an unknown charge or of an unknown type changes nothing', async () => {
  await event('charge.refunded', `ch_${randomUUID()}`);
  const request = await charged();
  await fixture.provider.refundInBackOffice(request.chargeId, 1);
  await event('payout.paid', request.chargeId);
  expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 0 });
  await event('charge.refunded', request.chargeId);
});

test('a charge that was refunded in the back office is not refunded again: the record learns it, the refund is refused', async () => {
  const request = await charged();
  await fixture.provider.refundInBackOffice(request.chargeId);
  const refund = refundOf(request, 1_000);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'refund_exceeds_capture',
      facts: { requested_amount_minor: '1000', refundable_amount_minor: '0', currency: 'EUR' },
    });
  }
  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_REFUNDED, refundedMinor: 2_599 });
  expect(found.refunds).toMatchObject([{ amount: { amountMinor: 2_599 }, paidBy: 'provider_back_office' }]);
  expect((await typesOf(request)).slice(4)).toEqual([
    'payment.refund_started',
    'payment.refund_failed',
    'payment.refund_started',
    'payment.refunded',
  ]);
  await event('charge.refunded', request.chargeId);
});

test('an undo gives back what the back office has left', async () => {
  const request = await charged();
  await fixture.provider.refundInBackOffice(request.chargeId, 600);
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 1_999 });
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 1_999 });
  const gone = await charged();
  await fixture.provider.refundInBackOffice(gone.chargeId);
  expect(await payments.refundPayment(undoOf(gone), LIMITS)).toEqual({ refundedMinor: 0 });
});

test('a disputed charge refuses its refund until the dispute is over, and adds no record with each attempt', async () => {
  const request = await charged();
  await fixture.provider.dispute(request.chargeId);
  const refund = refundOf(request, 1_000);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'payment_declined',
      facts: { provider_code: 'charge_disputed' },
    });
  }
  expect(await fixture.history(request.orderId)).toHaveLength(5);
  expect(await read(payments, request.orderId)).toMatchObject({ disputed: true });
  // It needs attention, and is not stuck.
  await fixture.sql(`update payments set updated_at = now() - interval '2 hours' where order_id = $1`, [request.orderId]);
  expect(await violated(payments)).toEqual({});

  await fixture.provider.sql('update charges set disputed = false where id = $1', [request.chargeId]);
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 1_000 });
});

test('a refund that was left behind gives way to one of the back office, and continues with the rest', async () => {
  const dying = await fixture.start(crashOnce('refund', 'before'));
  const request = await charged();
  const refund = refundOf(request, 1_000);
  await failure(dying.refundPayment(refund, LIMITS));
  await fixture.provider.refundInBackOffice(request.chargeId, 600);
  await event('charge.refunded', request.chargeId);
  expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 600 });
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 1_000 });
  expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 1_600 });
});

test('an event that meets a refund at the provider changes nothing of it', async () => {
  for (const moment of ['before', 'after'] as const) {
    const pause = pauseAt('refund', moment);
    const slow = await fixture.start(pause.disturb);
    const request = await charged();
    const working = slow.refundPayment(refundOf(request, 1_000), LIMITS);
    await pause.arrived;
    await fixture.provider.refundInBackOffice(request.chargeId, 600);
    await event('charge.refunded', request.chargeId);
    pause.letGo();
    expect(await working).toEqual({ refundedMinor: 1_000 });
    expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 1_600 });
  }
});
