/** Who may settle a payment when two instances, or a charge and its undo, meet. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { PaymentStatus } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { httpProvider } from '../../services/payments/provider/http-provider.ts';
import { eventually } from '../../testkit/eventually.ts';
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
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

async function expectStatus(orderId: string, status: keyof typeof PaymentStatus): Promise<void> {
  expect((await read(payments, orderId)).status).toBe(PaymentStatus[status]);
}

test('I28 while a charge is at work the same call is ABORTED, another request is refused, and its undo waits', async () => {
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

test('I39 an owner that hangs is taken over when its lease has run out', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const hanging = failure(service.processPayment(request, LIMITS));
  await pause.arrived;

  const startedMs = performance.now();
  const { paymentId } = await insist(() => payments.processPayment(request, LIMITS), { again: ['ABORTED'] });
  // The lease: the provider's deadline and the margin.
  expect(performance.now() - startedMs).toBeGreaterThan(1_500);
  pause.letGo();
  expect(await hanging).toMatchObject({ code: 'ABORTED' });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
  expect((await read(payments, request.orderId)).id).toBe(paymentId);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('I41 of 50 that want to take over, one does, and there is one charge', async () => {
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

test('I40 an owner that was taken over settles nothing while the new one is still at work', async () => {
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
  const request = await chargedUnknown(payments);
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

test('a refund that another call finishes while it waits for the payment answers what it gave back', async () => {
  const service = await fixture.start(crashOnce('refund', 'before'));
  const request = payment();
  const { paymentId } = await payments.processPayment(request, LIMITS);
  const refund = refundOf(request, 1_000);
  await failure(service.refundPayment(refund, LIMITS));
  const other = new pg.Client({ connectionString: fixture.url });
  await other.connect();
  try {
    await other.query('begin');
    await other.query('select 1 from payments where id = $1 for update', [paymentId]);
    const waiting = payments.refundPayment(refund, LIMITS);
    await eventually(
      () => fixture.sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
      (rows) => rows.length > 0,
    );
    const outcome = await httpProvider({ url: fixture.provider.url }).refund({
      key: refund.idempotencyKey,
      chargeId: (await read(payments, request.orderId)).providerReference,
      amountMinor: 1_000,
    });
    await other.query(`update refunds set status = 'COMPLETED', provider_reference = $2, completed_at = now() where key = $1`, [
      refund.idempotencyKey,
      outcome.kind === 'refunded' ? outcome.id : null,
    ]);
    await other.query(`update payments set status = 'COMPLETED', refunded_minor = 1000 where id = $1`, [paymentId]);
    await other.query('commit');

    expect(await waiting).toEqual({ refundedMinor: 1_000 });
  } finally {
    await other.end();
  }
  expect(await fixture.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 1_000]]);
});

test('a charge and its undo at the same time: refused or given back, never kept', async () => {
  const requests = Array.from({ length: 20 }, () => payment());
  await Promise.all(
    requests.map(async (request) => {
      const charge = insist(() => payments.processPayment(request, LIMITS)).catch((error: unknown) => error);
      await Promise.all([charge, insist(() => payments.refundPayment(undoOf(request), LIMITS))]);
    }),
  );

  for (const { orderId } of requests) expect([[], GIVEN_BACK]).toContainEqual(await fixture.entriesOf(orderId));
});

test("the provider's books are ours, line by line", async () => {
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(10);
  expect(theirs).toEqual(ours);
});
