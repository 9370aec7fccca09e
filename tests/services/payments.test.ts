import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isReason } from '../../contracts/reasons.ts';
import { statusBytes } from '../../platform/rpc/status-error.ts';
import {
  type GetPaymentRequest,
  PaymentStatus,
  type ProcessPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { insist } from '../../testkit/insist.ts';
import {
  CHARGED,
  failure,
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

test('I57 a repeated call gets the first answer, also from another instance', async () => {
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
])('I12 %s is refused as %s, and again in the same words', async (paymentMethod, reason) => {
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
  const answers = await Promise.all(Array.from({ length: 20 }, () => insist(() => payments.processPayment(request, LIMITS))));

  expect(new Set(answers.map(({ paymentId }) => paymentId)).size).toBe(1);
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

const changes: [string, Partial<ProcessPaymentRequest>][] = [
  ['I19 another amount', { amount: { amountMinor: 2_600, currency: 'EUR' } }],
  ['I20 another currency', { amount: { amountMinor: 2_599, currency: 'USD' } }],
  ['another card', { paymentMethod: 'tok_declined' }],
  ['another customer', { userId: randomUUID() }],
  ['another order', { orderId: randomUUID() }],
];
test.each(changes)('%s under a key that was used is refused', async (_, change) => {
  const request = payment();
  await payments.processPayment(request, LIMITS);

  expect(await failure(payments.processPayment({ ...request, ...change }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
  expect(await fixture.entriesOf(request.orderId)).toHaveLength(2);
});

test('I47 an order has one payment: a second one under another key is refused, for good, and charges nothing', async () => {
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
test.each(invalid)('I13 an invalid %s is named and uses up no key', async (field, change) => {
  const request = payment();
  expect(await failure(payments.processPayment({ ...request, ...change }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    violations: [{ field }],
  });
  await expect(payments.processPayment(request, LIMITS)).resolves.toBeDefined();
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
  expect(ours.length).toBeGreaterThan(20);
  expect(theirs).toEqual(ours);
});
