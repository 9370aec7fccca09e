/** What happens when the outcome of a charge is unknown, an instance dies, or two of them meet. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus, type ProcessPaymentRequest } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { httpProvider } from '../../services/payments/provider-http.ts';
import {
  crashOnce,
  failure,
  LIMITS,
  type Moment,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  type ProviderCall,
  pauseAt,
  payment,
  read,
  refundOf,
  undoOf,
  untilSettled,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

const CHARGED = [
  ['charge', 2_599],
  ['capture', 2_599],
];
const GIVEN_BACK = [...CHARGED, ['refund', 2_599]];
const UNAVAILABLE = { code: 'UNAVAILABLE', reason: 'unavailable', retryDelayMs: expect.any(Number) };

/** A charge that happened and that we do not know of. */
async function chargedUnknown(): Promise<ProcessPaymentRequest> {
  const request = payment({ paymentMethod: 'tok_timeout_after_charge' });
  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject(UNAVAILABLE);
  return request;
}

async function expectStatus(orderId: string, status: keyof typeof PaymentStatus): Promise<void> {
  expect((await read(payments, orderId)).status).toBe(PaymentStatus[status]);
}

test('a charge whose answer was lost is UNAVAILABLE, never failed; the same key finds the one charge', async () => {
  const request = await chargedUnknown();
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

test('an undo after an unknown outcome gives the real charge back, exactly once', async () => {
  const request = await chargedUnknown();

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
  const request = await chargedUnknown();
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

test.each(moments)('a crash %s the charge: the retry settles with one charge', async (moment) => {
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

  await untilSettled(() => payments.processPayment(request, LIMITS), ['ABORTED']);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('while a charge is at work the same call is ABORTED, another request is refused, and its undo waits', async () => {
  const pause = pauseAt('charge', 'before');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const working = service.processPayment(request, LIMITS);
  await pause.arrived;

  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({ code: 'ABORTED' });
  expect(await failure(payments.processPayment({ ...request, paymentMethod: 'tok_slow' }, LIMITS))).toMatchObject({
    reason: 'idempotency_key_reused',
  });
  expect(await failure(payments.refundPayment(undoOf(request), LIMITS))).toMatchObject({ code: 'ABORTED' });
  pause.letGo();
  await working;
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
});

test('an owner that hangs is taken over when its lease has run out', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const hanging = failure(service.processPayment(request, LIMITS));
  await pause.arrived;

  const startedMs = performance.now();
  const { paymentId } = await untilSettled(() => payments.processPayment(request, LIMITS), ['ABORTED']);
  // The lease: the provider's deadline and the margin.
  expect(performance.now() - startedMs).toBeGreaterThan(1_500);
  pause.letGo();
  expect(await hanging).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
  expect((await read(payments, request.orderId)).id).toBe(paymentId);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('of 50 that want to take over, one does, and there is one charge', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const hanging = failure(service.processPayment(request, LIMITS));
  await pause.arrived;
  await fixture.expireLeases();

  const takers = Array.from({ length: 50 }, () => payments.processPayment(request, LIMITS));
  const outcomes = await Promise.allSettled(takers);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
  const [record] = await fixture.sql<{ attempt: number }>('select attempt from idempotency where key = $1', [
    request.idempotencyKey,
  ]);
  expect(record?.attempt).toBe(2);
  pause.letGo();
  expect(await hanging).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('an owner that was taken over settles nothing while the new one is still at work', async () => {
  const [first, second] = [pauseAt('charge', 'after'), pauseAt('charge', 'after')];
  const [sleeper, taker] = [await fixture.start(first.disturb), await fixture.start(second.disturb)];
  const request = payment();
  const sleeping = failure(sleeper.processPayment(request, LIMITS));
  await first.arrived;
  await fixture.expireLeases();
  const working = taker.processPayment(request, LIMITS);
  await second.arrived;
  first.letGo();

  expect(await sleeping).toMatchObject({ code: 'ABORTED' });
  await expectStatus(request.orderId, 'PAYMENT_STATUS_PENDING');
  second.letGo();
  await working;
  await expectStatus(request.orderId, 'PAYMENT_STATUS_COMPLETED');
});

test('an undo that was taken over asks the provider for nothing more', async () => {
  const [first, second] = [pauseAt('cancelKey', 'after'), pauseAt('refund', 'before')];
  const [sleeper, taker] = [await fixture.start(first.disturb), await fixture.start(second.disturb)];
  const request = await chargedUnknown();
  const sleeping = failure(sleeper.refundPayment(undoOf(request), LIMITS));
  await first.arrived;
  await fixture.expireLeases();
  const working = taker.refundPayment(undoOf(request), LIMITS);
  await second.arrived;
  first.letGo();

  expect(await sleeping).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
  second.letGo();
  expect(await working).toEqual({ refundedMinor: 2_599 });
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
});

test.each([
  ['before', []],
  ['after', GIVEN_BACK],
] as const)(
  'an owner that slept %s the charge through its own undo changes nothing and keeps nothing',
  async (moment, entries) => {
    const pause = pauseAt('charge', moment);
    const service = await fixture.start(pause.disturb);
    const request = payment();
    const sleeping = failure(service.processPayment(request, LIMITS));
    await pause.arrived;
    await fixture.expireLeases();
    const undone = await payments.refundPayment(undoOf(request), LIMITS);
    const before = await read(payments, request.orderId);
    pause.letGo();

    expect(await sleeping).toMatchObject({ code: 'ABORTED' });
    expect(undone.refundedMinor).toBe(moment === 'after' ? 2_599 : 0);
    expect(await read(payments, request.orderId)).toEqual(before);
    expect(await failure(service.processPayment(request, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
    expect(await fixture.entriesOf(request.orderId)).toEqual(entries);
  },
);

const undoCrashes: [ProviderCall, Moment][] = [
  ['cancelKey', 'before'],
  ['cancelKey', 'after'],
  ['refund', 'before'],
  ['refund', 'after'],
];
test.each(undoCrashes)('an undo that dies at %s (%s) goes on when it is repeated', async (call, moment) => {
  const service = await fixture.start(crashOnce(call, moment));
  const request = await chargedUnknown();
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

test('a refund that slept while another instance finished it records nothing twice', async () => {
  const pause = pauseAt('refund', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const refund = refundOf(request, 1_000);
  const sleeping = failure(service.refundPayment(refund, LIMITS));
  await pause.arrived;
  await fixture.expireLeases();
  expect(await payments.refundPayment(refund, LIMITS)).toEqual({ refundedMinor: 1_000 });
  pause.letGo();

  expect(await sleeping).toMatchObject({ code: 'ABORTED' });
  expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 1_000 });
  expect(await fixture.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 1_000]]);
});

test('a charge and its undo at the same time: refused or given back, never kept', async () => {
  const requests = Array.from({ length: 20 }, () => payment());
  await Promise.all(
    requests.map(async (request) => {
      const charge = untilSettled(() => payments.processPayment(request, LIMITS)).catch((error: unknown) => error);
      await Promise.all([charge, untilSettled(() => payments.refundPayment(undoOf(request), LIMITS))]);
    }),
  );

  for (const { orderId } of requests) expect([[], GIVEN_BACK]).toContainEqual(await fixture.entriesOf(orderId));
});

test("the provider's books are ours, line by line", async () => {
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(30);
  expect(theirs).toEqual(ours);
});
