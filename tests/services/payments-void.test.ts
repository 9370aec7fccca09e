import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus, type VoidPaymentRequest } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProviderUnavailable } from '../../services/payments/domain/provider.ts';
import { insist } from '../../testkit/insist.ts';
import { refusal } from '../../testkit/refusal.ts';
import { authorized } from './payments-authorized.ts';
import { around, crashOnce, pauseAt } from './payments-disturbed.ts';
import {
  GIVEN_BACK,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  read,
  undoOf,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

function voidOf({ orderId }: { orderId: string }, given: Partial<VoidPaymentRequest> = {}): VoidPaymentRequest {
  return { idempotencyKey: `void:${orderId}`, orderId, reason: 'order_cancelled', ...given };
}

const AUTHORISED_ONLY: readonly [string, number][] = [['charge', 2_599]];
const LET_GO: readonly [string, number][] = [...AUTHORISED_ONLY, ['void', 2_599]];

test('an authorised payment is let go here and at the provider, once per key and under every other', async () => {
  const held = await authorized(fixture);
  expect(await payments.voidPayment(voidOf(held), LIMITS)).toEqual({});

  const found = await read(payments, held.orderId);
  expect(found).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_VOIDED, refundedMinor: 0, failureReason: '' });
  expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'VOIDED']);
  expect(await fixture.entriesOf(held.orderId)).toEqual(LET_GO);

  await payments.voidPayment(voidOf(held), LIMITS);
  await payments.voidPayment(voidOf(held, { idempotencyKey: randomUUID() }), LIMITS);
  expect(await read(payments, held.orderId)).toEqual(found);
  expect(await fixture.entriesOf(held.orderId)).toEqual(LET_GO);
  const other = voidOf(held, { reason: 'fraud_review' });
  expect(await refusal(payments.voidPayment(other, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
});

test('a captured payment is not voided: it must be refunded, and the key stays refused', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const refused = {
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { current_status: 'COMPLETED', attempted_status: 'VOIDED' },
    fields: [],
    message: expect.any(String),
  };
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toEqual(refused);
  await payments.refundPayment(undoOf(request), LIMITS);
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toEqual(refused);
  const again = voidOf(request, { idempotencyKey: randomUUID() });
  expect(await refusal(payments.voidPayment(again, LIMITS))).toMatchObject({ facts: { current_status: 'REFUNDED' } });
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
});

test('a refused payment is not voided', async () => {
  const request = payment({ paymentMethod: 'tok_declined' });
  await refusal(payments.processPayment(request, LIMITS));
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { current_status: 'FAILED', attempted_status: 'VOIDED' },
  });
});

test('an order without a payment has nothing to void, now and later under the same key', async () => {
  const request = payment();
  const notFound = { code: 'NOT_FOUND', reason: 'not_found', facts: {}, fields: [], message: expect.any(String) };
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toEqual(notFound);
  await payments.processPayment(request, LIMITS);
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toEqual(notFound);
});

test('a payment whose charge is at work is waited for, not refused', async () => {
  const paused = pauseAt('charge', 'before');
  const slow = await fixture.start(paused.disturb);
  const request = payment();
  const charging = slow.processPayment(request, LIMITS);
  await paused.arrived;
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'unavailable',
    facts: { order_id: request.orderId },
  });
  paused.letGo();
  await charging;
  expect(await refusal(payments.voidPayment(voidOf(request), LIMITS))).toMatchObject({ facts: { current_status: 'COMPLETED' } });
});

test.each(['before', 'after'] as const)(
  'a void whose process died %s the provider let go is finished by the next',
  async (moment) => {
    const held = await authorized(fixture);
    const dying = await fixture.start(crashOnce('void', moment));
    expect(await refusal(dying.voidPayment(voidOf(held), LIMITS))).toMatchObject({ code: 'INTERNAL' });
    expect(await fixture.entriesOf(held.orderId)).toEqual(moment === 'before' ? AUTHORISED_ONLY : LET_GO);
    expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED']);

    await insist(() => payments.voidPayment(voidOf(held), LIMITS));
    expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'VOIDED']);
    expect(await fixture.entriesOf(held.orderId)).toEqual(LET_GO);
  },
);

test('without the provider the outcome is unknown, and the same key finds out later', async () => {
  const held = await authorized(fixture);
  const cut = await fixture.start(
    around(async (call, moment) => {
      if (call === 'void' && moment === 'after') throw new ProviderUnavailable('the answer was lost');
    }),
  );
  expect(await refusal(cut.voidPayment(voidOf(held), LIMITS))).toMatchObject({ code: 'UNAVAILABLE', reason: 'unavailable' });
  expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED']);
  await payments.voidPayment(voidOf(held), LIMITS);
  expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'VOIDED']);
});

test('an owner that was taken over records nothing', async () => {
  const held = await authorized(fixture);
  const paused = pauseAt('void', 'after');
  const slow = await fixture.start(paused.disturb);
  const first = slow.voidPayment(voidOf(held), LIMITS);
  const late = refusal(first);
  await paused.arrived;
  expect(await refusal(payments.voidPayment(voidOf(held), LIMITS))).toMatchObject({ code: 'ABORTED' });
  await fixture.expireLeases();
  await payments.voidPayment(voidOf(held), LIMITS);
  paused.letGo();
  expect(await late).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'VOIDED']);
});

test('10 voids at once under ten keys let go once', async () => {
  const held = await authorized(fixture);
  const calls = Array.from({ length: 10 }, () => voidOf(held, { idempotencyKey: randomUUID() }));
  await Promise.all(calls.map((call) => insist(() => payments.voidPayment(call, LIMITS))));
  expect(await fixture.history(held.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'VOIDED']);
  expect(await fixture.entriesOf(held.orderId)).toEqual(LET_GO);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['no order', { orderId: '' }, 'orderId'],
  ['no reason', { reason: '' }, 'reason'],
  ['a reason in words', { reason: 'Not wanted' }, 'reason'],
])('voiding with %s is an invalid argument', async (_, given, field) => {
  const request = voidOf({ orderId: randomUUID() }, given);
  expect(await refusal(payments.voidPayment(request, LIMITS))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [field] });
});
