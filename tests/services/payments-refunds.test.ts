import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { insist } from '../../testkit/insist.ts';
import {
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

test('an undo gives back all, and a repeated one gives back nothing more', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);

  const undo = undoOf(request);
  expect(await payments.refundPayment(undo, LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await payments.refundPayment(undo, LIMITS)).toEqual({ refundedMinor: 2_599 });
  const again = { ...undo, idempotencyKey: randomUUID() };
  expect(await payments.refundPayment(again, LIMITS)).toEqual({ refundedMinor: 0 });

  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_REFUNDED,
    refundedMinor: 2_599,
  });
  expect(await fixture.entriesOf(request.orderId)).toEqual(GIVEN_BACK);
});

test('10 undos at once give back once, under one key and under ten', async () => {
  for (const keyOf of [(undo: string) => undo, () => randomUUID() as string]) {
    const request = payment();
    await payments.processPayment(request, LIMITS);
    const undo = undoOf(request);
    const undos = Array.from({ length: 10 }, () => ({ ...undo, idempotencyKey: keyOf(undo.idempotencyKey) }));
    await Promise.all(undos.map((one) => insist(() => payments.refundPayment(one, LIMITS))));

    expect((await fixture.entriesOf(request.orderId)).filter(([kind]) => kind === 'refund')).toEqual([['refund', 2_599]]);
  }
});

test('I51 an undo before its charge succeeds, and the charge that comes late is refused and never made', async () => {
  const request = payment();
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });

  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'order_cancelled',
    });
  }
  expect(await fixture.provider.findByKey(request.idempotencyKey)).toBeNull();
  expect(await fixture.entriesOf(request.orderId)).toEqual([]);
  const byOrder = payments.getPayment({ by: { $case: 'orderId', value: request.orderId } }, LIMITS);
  expect(await failure(byOrder)).toMatchObject({ code: 'NOT_FOUND', reason: 'not_found' });
});

test('I54 a charge stays undone: its repetition after the undo is refused', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  await payments.refundPayment(undoOf(request), LIMITS);

  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('I52 partial refunds return to COMPLETED and never exceed what was captured', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  expect(await payments.refundPayment(refundOf(request, 1_000), LIMITS)).toEqual({ refundedMinor: 1_000 });
  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_COMPLETED,
    refundedMinor: 1_000,
  });

  const tooMuch = refundOf(request, 1_600);
  const refused = {
    code: 'FAILED_PRECONDITION',
    reason: 'refund_exceeds_capture',
    facts: { requested_amount_minor: '1600', refundable_amount_minor: '1599', currency: 'EUR' },
  };
  expect(await failure(payments.refundPayment(tooMuch, LIMITS))).toMatchObject(refused);
  expect(await payments.refundPayment(refundOf(request), LIMITS)).toEqual({ refundedMinor: 1_599 });
  expect(await failure(payments.refundPayment(tooMuch, LIMITS))).toMatchObject(refused);
  expect(await payments.refundPayment(refundOf(request), LIMITS)).toEqual({ refundedMinor: 0 });

  expect(await fixture.history(request.orderId)).toEqual([
    ...['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED'],
    ...['REFUNDING', 'COMPLETED', 'REFUNDING', 'REFUNDED'],
  ]);
});

test('an undo after a partial refund gives back the rest', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  await payments.refundPayment(refundOf(request, 599), LIMITS);

  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_000 });
});

test('of refunds at once that are too much together, some are refused and the cap holds', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const refunds = Array.from({ length: 5 }, () => refundOf(request, 1_000));
  const outcomes = await Promise.allSettled(refunds.map((refund) => insist(() => payments.refundPayment(refund, LIMITS))));

  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(await read(payments, request.orderId)).toMatchObject({ refundedMinor: 2_000 });
});

test('a refund of a payment that does not exist is refused', async () => {
  expect(await failure(payments.refundPayment(refundOf(payment()), LIMITS))).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'not_found',
  });
});

test("an undo cannot name another order's charge, and forbids nothing by trying", async () => {
  const [mine, others] = [payment(), payment()];
  await payments.processPayment(others, LIMITS);
  const undo = { ...undoOf(mine), undoesKey: others.idempotencyKey };

  expect(await failure(payments.refundPayment(undo, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field: 'undoesKey' }],
  });
  await expect(payments.processPayment(others, LIMITS)).resolves.toBeDefined();
});

test('a refund in another currency is invalid', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const refund = { ...refundOf(request), amount: { amountMinor: 1, currency: 'USD' } };

  expect(await failure(payments.refundPayment(refund, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field: 'amount.currency' }],
  });
});

test('an undo with an amount, or of itself, is invalid', async () => {
  const undo = undoOf(payment());
  const amount = { amountMinor: 1, currency: 'EUR' };
  expect(await failure(payments.refundPayment({ ...undo, amount }, LIMITS))).toMatchObject({
    violations: [{ field: 'amount' }],
  });
  const itself = { ...undo, undoesKey: undo.idempotencyKey };
  expect(await failure(payments.refundPayment(itself, LIMITS))).toMatchObject({ violations: [{ field: 'undoesKey' }] });
});

test("the provider's books are ours, line by line", async () => {
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(20);
  expect(theirs).toEqual(ours);
});
