import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PaymentStatus, type ProcessPaymentRequest } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { insist } from '../../testkit/insist.ts';
import { crashOnce } from './payments-disturbed.ts';
import {
  CHARGED,
  chargedUnknown,
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  read,
  undoOf,
  violated,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;
/** Holds every first payment. */
let strict: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
  strict = await fixture.start(undefined, { FRAUD_LIMIT: '4' });
});

afterAll(() => fixture.close());

const VERY_LARGE = { amountMinor: 500_001, currency: 'EUR' };

/** The names of the factors that the payment of this customer was given. */
async function factors(userId: string, given: Partial<ProcessPaymentRequest> = {}): Promise<string[] | undefined> {
  const request = payment({ userId, ...given });
  await payments.processPayment(request, LIMITS).catch(() => undefined);
  return (await read(payments, request.orderId)).fraud?.factors.map(({ name }) => name);
}

test('a payment tells its score and its factors, and the next of the customer is no first one', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);
  expect((await read(payments, request.orderId)).fraud).toEqual({
    score: 5,
    factors: [{ name: 'first_payment', weight: 5, reason: 'The first payment of this customer' }],
  });
  const next = payment({ userId: request.userId });
  await payments.processPayment(next, LIMITS);
  expect((await read(payments, next.orderId)).fraud).toEqual({ score: 0, factors: [] });
});

test('a refusal of the provider keeps what the fraud check found', async () => {
  expect(await factors(randomUUID(), { paymentMethod: 'tok_declined' })).toEqual(['first_payment']);
});

test('a card that was refused in the last day counts, five count more, and those of others or of earlier count not', async () => {
  const userId = randomUUID();
  await factors(userId, { paymentMethod: 'tok_declined' });
  expect(await factors(userId)).toEqual(['recent_decline']);
  for (const paymentMethod of ['tok_insufficient', 'tok_expired', 'tok_unheard_of', 'tok_declined']) {
    await factors(userId, { paymentMethod });
  }
  expect(await factors(userId)).toEqual(['recent_decline', 'many_declines']);
  expect(await factors(randomUUID())).toEqual(['first_payment']);

  await fixture.sql(`update payments set created_at = created_at - interval '25 hours' where user_id = $1`, [userId]);
  expect(await factors(userId)).toEqual([]);
});

test('an order that was cancelled, or held by ourselves, is no refused card', async () => {
  const userId = randomUUID();
  const cancelled = payment({ userId, paymentMethod: 'tok_outage' });
  await failure(payments.processPayment(cancelled, LIMITS));
  await payments.refundPayment(undoOf(cancelled), LIMITS);
  await fixture.sql(
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status, failure_reason)
     values ($1, $1, $2, $3, 1, 'EUR', 'FAILED', 'fraud_review')`,
    [randomUUID(), userId, randomUUID()],
  );
  expect(await factors(userId)).toEqual([]);
});

test('ten payments in an hour are many', async () => {
  const userId = randomUUID();
  for (let count = 0; count < 10; count += 1) expect(await factors(userId)).not.toContain('many_payments');
  expect(await factors(userId)).toEqual(['many_payments']);
  await fixture.sql(`update payments set created_at = created_at - interval '61 minutes' where user_id = $1`, [userId]);
  expect(await factors(userId)).toEqual([]);
});

test('a score above the limit is refused as fraud_review before the provider is asked, for good', async () => {
  const request = payment({ amount: VERY_LARGE });
  const refused = {
    code: 'FAILED_PRECONDITION',
    reason: 'fraud_review',
  };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const error = await failure(payments.processPayment(request, LIMITS));
    expect(error).toMatchObject(refused);
    // Score and factors are for operators.
    expect(error.facts).toEqual({});
  }

  const found = await read(payments, request.orderId);
  expect(found).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_FAILED,
    failureReason: 'fraud_review',
    fraud: { score: 55 },
  });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'FAILED']);
  expect(await fixture.provider.findByKey(request.idempotencyKey)).toBeNull();
  expect(await fixture.entriesOf(request.orderId)).toEqual([]);
  expect(await payments.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 0 });
});

test('a known customer may pay as much, and the limits are configuration', async () => {
  const userId = randomUUID();
  await factors(userId);
  expect(await factors(userId, { amount: VERY_LARGE })).toEqual(['large_amount', 'very_large_amount']);

  expect(await failure(strict.processPayment(payment(), LIMITS))).toMatchObject({ reason: 'fraud_review' });
  const dollars = await fixture.start(undefined, { FRAUD_HOME_CURRENCY: 'USD', FRAUD_LARGE: 'EUR=2598' });
  const request = payment({ userId });
  await dollars.processPayment(request, LIMITS);
  expect((await read(dollars, request.orderId)).fraud).toMatchObject({
    score: 13,
    factors: [{ name: 'large_amount' }, { name: 'foreign_currency' }],
  });
});

test('money that an owner before has taken is recorded, also when the limits now would have held it', async () => {
  const request = await chargedUnknown(payments);
  await strict.processPayment(request, LIMITS);
  expect(await read(strict, request.orderId)).toMatchObject({ status: PaymentStatus.PAYMENT_STATUS_COMPLETED });
  expect(await fixture.entriesOf(request.orderId)).toEqual(CHARGED);
});

test('what an owner before let pass and did not charge is held, and its charge can never arrive', async () => {
  const dying = await fixture.start(crashOnce('charge', 'before'));
  const request = payment();
  expect(await failure(dying.processPayment(request, LIMITS))).toMatchObject({ code: 'INTERNAL' });
  expect(await failure(insist(() => strict.processPayment(request, LIMITS)))).toMatchObject({ reason: 'fraud_review' });

  const late = await fixture.provider.charge(request.idempotencyKey, { amount_minor: 2_599, reference: request.orderId });
  expect(late.status).toBe(402);
  expect(await fixture.entriesOf(request.orderId)).toEqual([]);
});

test('what was decided is counted', async () => {
  const response = await fetch(`http://127.0.0.1:${strict.httpPort}/metrics`);
  expect(await response.text()).toMatch(/^fraud_decisions_total\{decision="held",source="rules",service="payments"\} 3$/m);
});

test('the books are right after all of it', async () => {
  const { ours, theirs } = await fixture.books();
  expect(theirs).toEqual(ours);
  const wrong = Object.keys(await violated(payments)).filter((rule) => rule !== 'status_is_last_of_history');
  expect(wrong).toEqual([]);
});
