/** What happens when the outcome of a charge is unknown or an instance dies before it is recorded. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { httpProvider } from '../../services/payments/provider/http-provider.ts';
import { insist } from '../../testkit/insist.ts';
import { crashOnce, type Moment, type ProviderCall, pauseAt } from './payments-disturbed.ts';
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
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

const UNAVAILABLE = { code: 'UNAVAILABLE', reason: 'unavailable', retryDelayMs: expect.any(Number) };

async function expectStatus(orderId: string, status: keyof typeof PaymentStatus): Promise<void> {
  expect((await read(payments, orderId)).status).toBe(PaymentStatus[status]);
}

test('I42 a charge whose answer was lost is UNAVAILABLE, never failed; the same key finds the one charge', async () => {
  const request = await chargedUnknown(payments);
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);

  await payments.processPayment(request, LIMITS);
  await expectStatus(request.orderId, 'PAYMENT_STATUS_COMPLETED');
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('an outage of the provider is UNAVAILABLE however often it is tried, and an undo settles it', async () => {
  const request = payment({ paymentMethod: 'tok_outage' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject(UNAVAILABLE);
  }
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_FAILED,
    failureReason: 'order_cancelled',
  });
});

test('with the provider gone calls are UNAVAILABLE; when it is back they go on', async () => {
  let url = 'http://127.0.0.1:1';
  const service = await fixture.start((real) => ({ ...real, charge: (request) => httpProvider({ url }).charge(request) }));
  const request = payment();
  expect(await failure(service.processPayment(request, LIMITS))).toMatchObject(UNAVAILABLE);

  url = fixture.provider.url;
  await service.processPayment(request, LIMITS);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('E7 an undo after an unknown outcome gives the real charge back, exactly once', async () => {
  const request = await chargedUnknown(payments);

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
  expect(await fixture.history(request.orderId)).toEqual([
    ...['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED'],
    ...['REFUNDING', 'REFUNDED'],
  ]);
  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('a refund that is no undo finds an unknown charge, and the charge itself still succeeds', async () => {
  const request = await chargedUnknown(payments);
  expect(await payments.refundPayment(refundOf(request, 600), LIMITS)).toEqual({ refundedMinor: 600 });

  const { paymentId } = await payments.processPayment(request, LIMITS);
  expect(await read(payments, request.orderId)).toMatchObject({
    id: paymentId,
    status: PaymentStatus.PAYMENT_STATUS_COMPLETED,
    refundedMinor: 600,
  });
  expect(await fixture.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 600]]);
});

test('a refund of a payment that nobody has charged yet waits for it', async () => {
  const request = payment({ paymentMethod: 'tok_outage' });
  await failure(payments.processPayment(request, LIMITS));

  expect(await failure(payments.refundPayment(refundOf(request, 600), LIMITS))).toMatchObject(UNAVAILABLE);
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');
});

const moments: Moment[] = ['before', 'after'];

test.each(moments)('I44 a crash %s the charge: the retry settles with one charge', async (moment) => {
  const service = await fixture.start(crashOnce('charge', moment));
  const request = payment();
  expect(await failure(service.processPayment(request, LIMITS))).toMatchObject({ code: 'INTERNAL' });
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');

  await payments.processPayment(request, LIMITS);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('a database that fails while the outcome is stored: nothing of it is kept, and the retry settles', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const call = failure(service.processPayment(request, LIMITS));
  await pause.arrived;
  await fixture.sql('alter table payment_history rename to away');
  pause.letGo();
  expect(await call).toMatchObject({ code: 'INTERNAL' });
  await fixture.sql('alter table away rename to payment_history');
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');

  await payments.processPayment(request, LIMITS);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('a caller who gave up gets the stored answer when it asks again', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const gaveUp = failure(service.processPayment(request, { deadlineMs: 500 }));
  await pause.arrived;
  expect(await gaveUp).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  pause.letGo();

  await insist(() => payments.processPayment(request, LIMITS), { again: ['ABORTED'] });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
  // The first attempt recorded its outcome although its call had ended.
  const attempts = await fixture.sql('select attempt from idempotency where key = $1', [request.idempotencyKey]);
  expect(attempts).toEqual([{ attempt: 1 }]);
});

const undoCrashes: [ProviderCall, Moment][] = [
  ['cancelKey', 'before'],
  ['cancelKey', 'after'],
  ['refund', 'before'],
  ['refund', 'after'],
];
test.each(undoCrashes)('an undo that dies at %s (%s) goes on when it is repeated', async (call, moment) => {
  const service = await fixture.start(crashOnce(call, moment));
  const request = await chargedUnknown(payments);
  expect(await failure(service.refundPayment(undoOf(request), LIMITS))).toMatchObject({ code: 'INTERNAL' });

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
  await expectStatus(request.orderId, 'PAYMENT_STATUS_REFUNDED');
});

test('an undo of what was never charged, dying after the provider forbade it, still succeeds', async () => {
  const service = await fixture.start(crashOnce('cancelKey', 'after'));
  const request = payment();
  await failure(service.refundPayment(undoOf(request), LIMITS));

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test.each(moments)('a refund left behind %s the provider was asked is finished by the next one', async (moment) => {
  const service = await fixture.start(crashOnce('refund', moment));
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const left = refundOf(request, 1_000);
  await failure(service.refundPayment(left, LIMITS));
  await expectStatus(request.orderId, 'PAYMENT_STATUS_REFUNDING');

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 1_599 });
  expect(await payments.refundPayment(left, LIMITS)).toEqual({ refundedMinor: 1_000 });
  expect(await fixture.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 1_000], ['refund', 1_599]]);
});

test("the provider's books are ours, line by line", async () => {
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(10);
  expect(theirs).toEqual(ours);
});
