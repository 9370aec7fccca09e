import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isReason } from '../../contracts/reasons.ts';
import { statusBytes } from '../../platform/grpc/status-error.ts';
import {
  type GetPaymentRequest,
  PaymentStatus,
  type ProcessPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import {
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
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

test('a good card is charged once, and the payment can be read by its id and by its order', async () => {
  const request = payment();
  const { paymentId } = await payments.processPayment(request, LIMITS);

  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({
    id: paymentId,
    orderId: request.orderId,
    userId: request.userId,
    amount: request.amount,
    status: PaymentStatus.PAYMENT_STATUS_COMPLETED,
    refundedMinor: 0,
    failureReason: '',
  });
  expect(Math.abs(Date.now() - (found.createdAt?.getTime() ?? 0))).toBeLessThan(60_000);
  expect(await payments.getPayment({ by: { $case: 'paymentId', value: paymentId } }, LIMITS)).toEqual({ payment: found });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
  expect(await fixture.provider.entriesOf(request.orderId)).toMatchObject([
    { kind: 'charge', charge_id: found.providerReference, amount_minor: 2_599, currency: 'EUR' },
    { kind: 'capture', charge_id: found.providerReference, amount_minor: 2_599, currency: 'EUR' },
  ]);
});

test('a repeated call gets the first answer, also from another instance', async () => {
  const request = payment();
  const first = await payments.processPayment(request, LIMITS);
  const other = await fixture.start();

  expect(await payments.processPayment(request, LIMITS)).toEqual(first);
  expect(await other.processPayment(request, LIMITS)).toEqual(first);
  expect(await fixture.entriesOf(request.orderId)).toHaveLength(2);
});

test.each([
  ['tok_declined', 'payment_declined'],
  ['tok_insufficient', 'payment_insufficient_funds'],
  ['tok_expired', 'payment_expired_card'],
  ['tok_fraud', 'fraud_review'],
  ['tok_unheard_of', 'payment_method_invalid'],
])('%s is refused as %s, and again in the same words', async (paymentMethod, reason) => {
  const request = payment({ paymentMethod });
  const first = await failure(payments.processPayment(request, LIMITS));
  const second = await failure(payments.processPayment(request, LIMITS));

  expect(first).toMatchObject({ code: 'FAILED_PRECONDITION', reason });
  expect(isReason(first.reason)).toBe(true);
  expect(statusBytes(second)).toEqual(statusBytes(first));
  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_FAILED,
    failureReason: reason,
    providerReference: '',
  });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'FAILED']);
  expect(await fixture.entriesOf(request.orderId)).toEqual([]);
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });
});

test('20 calls at once with one key make one charge, and all get the same payment', async () => {
  const request = payment();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => untilSettled(() => payments.processPayment(request, LIMITS))),
  );

  expect(new Set(answers.map(({ paymentId }) => paymentId)).size).toBe(1);
  expect(await fixture.entriesOf(request.orderId)).toEqual([
    ['charge', 2_599],
    ['capture', 2_599],
  ]);
});

const changes: [string, Partial<ProcessPaymentRequest>][] = [
  ['amount', { amount: { amountMinor: 2_600, currency: 'EUR' } }],
  ['currency', { amount: { amountMinor: 2_599, currency: 'USD' } }],
  ['card', { paymentMethod: 'tok_declined' }],
  ['customer', { userId: randomUUID() }],
  ['order', { orderId: randomUUID() }],
];
test.each(changes)('a key that was used is refused for another %s', async (_, change) => {
  const request = payment();
  await payments.processPayment(request, LIMITS);

  expect(await failure(payments.processPayment({ ...request, ...change }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
  expect(await fixture.entriesOf(request.orderId)).toHaveLength(2);
});

test('an order has one payment: a second one under another key is refused, for good, and charges nothing', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  const second = { ...request, idempotencyKey: randomUUID() };
  const refused = { code: 'FAILED_PRECONDITION', reason: 'illegal_transition', facts: { order_id: request.orderId } };

  expect(await failure(payments.processPayment(second, LIMITS))).toMatchObject(refused);
  expect(await failure(payments.processPayment(second, LIMITS))).toMatchObject(refused);
  expect(await payments.refundPayment(undoOf(second), LIMITS)).toEqual({ refundedMinor: 0 });
  expect(await fixture.entriesOf(request.orderId)).toHaveLength(2);
  expect(await read(payments, request.orderId)).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_COMPLETED });
});

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
  expect(await fixture.entriesOf(request.orderId)).toEqual([
    ['charge', 2_599],
    ['capture', 2_599],
    ['refund', 2_599],
  ]);
});

test('10 undos at once give back once, under one key and under ten', async () => {
  for (const keyOf of [(undo: string) => undo, () => randomUUID() as string]) {
    const request = payment();
    await payments.processPayment(request, LIMITS);
    const undo = undoOf(request);
    const undos = Array.from({ length: 10 }, () => ({ ...undo, idempotencyKey: keyOf(undo.idempotencyKey) }));
    await Promise.all(undos.map((one) => untilSettled(() => payments.refundPayment(one, LIMITS))));

    expect((await fixture.entriesOf(request.orderId)).filter(([kind]) => kind === 'refund')).toEqual([['refund', 2_599]]);
  }
});

test('an undo before its charge succeeds, and the charge that comes late is refused and never made', async () => {
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

test('a charge stays undone: its repetition after the undo is refused', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  await payments.refundPayment(undoOf(request), LIMITS);

  expect(await failure(payments.processPayment(request, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('partial refunds return to COMPLETED and never exceed what was captured', async () => {
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
    facts: { requested_minor: '1600', refundable_minor: '1599' },
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
  const outcomes = await Promise.allSettled(refunds.map((refund) => untilSettled(() => payments.refundPayment(refund, LIMITS))));

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

const invalid: [string, Partial<ProcessPaymentRequest>][] = [
  ['idempotencyKey', { idempotencyKey: '' }],
  ['idempotencyKey', { idempotencyKey: 'a\r\nb' }],
  ['orderId', { orderId: 'order 1' }],
  ['userId', { userId: '' }],
  ['amount', { amount: undefined }],
  ['amount.amountMinor', { amount: { amountMinor: 0, currency: 'EUR' } }],
  ['amount.amountMinor', { amount: { amountMinor: -1, currency: 'EUR' } }],
  ['amount.currency', { amount: { amountMinor: 1, currency: 'euro' } }],
  ['paymentMethod', { paymentMethod: '' }],
];
test.each(invalid)('an invalid %s is named and uses up no key', async (field, change) => {
  const request = payment();
  expect(await failure(payments.processPayment({ ...request, ...change }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    violations: [{ field }],
  });
  await expect(payments.processPayment(request, LIMITS)).resolves.toBeDefined();
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

const unknown: [string, GetPaymentRequest, string][] = [
  ['an unknown payment', { by: { $case: 'paymentId', value: randomUUID() } }, 'NOT_FOUND'],
  ['an unknown order', { by: { $case: 'orderId', value: randomUUID() } }, 'NOT_FOUND'],
  ['an id that is none', { by: { $case: 'paymentId', value: "' or 1=1 --" } }, 'INVALID_ARGUMENT'],
  ['no id', { by: undefined }, 'INVALID_ARGUMENT'],
];
test.each(unknown)('reading %s fails as it should', async (_, request, code) => {
  expect(await failure(payments.getPayment(request, LIMITS))).toMatchObject({ code });
});

test("the provider's token is nowhere in the database", async () => {
  const token = `tok_${randomUUID()}`;
  await failure(payments.processPayment(payment({ paymentMethod: token }), LIMITS));
  const tables = await fixture.sql<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  );
  expect(tables.length).toBeGreaterThan(3);
  for (const { name } of tables) {
    const [found] = await fixture.sql<{ count: string }>(
      `select count(*) from ${name} as r where r::text like '%' || $1 || '%' or r::text like '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'`,
      [token],
    );
    expect([name, found?.count]).toEqual([name, '0']);
  }
});

test('it is ready while it has its database, whatever the provider does', async () => {
  const response = await fetch(`http://127.0.0.1:${payments.httpPort}/health/ready`);
  expect(await response.json()).toMatchObject({ status: 'ready', dependencies: [{ name: 'database', status: 'up' }] });
});

test("the provider's books are ours, line by line", async () => {
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(50);
  expect(theirs).toEqual(ours);
});
