import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isReason } from '../../contracts/reasons.ts';
import { PaymentStatus } from '../../proto/gen/shopfast/payments/v1/payments.ts';
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
  expect(found.createdAt).toBeInstanceOf(Date);
  expect(await payments.getPayment({ by: { $case: 'paymentId', value: paymentId } }, LIMITS)).toEqual({ payment: found });
  expect(await fixture.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
  expect(await fixture.provider.entriesOf(request.orderId)).toMatchObject([
    { kind: 'charge', charge_id: found.providerReference, amount_minor: 2_599, currency: 'EUR' },
    { kind: 'capture', charge_id: found.providerReference, amount_minor: 2_599, currency: 'EUR' },
  ]);
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
  expect({ ...second }).toEqual({ ...first });
  expect(second.message).toBe(first.message);
  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_FAILED,
    failureReason: reason,
    providerReference: '',
  });
  expect(await fixture.provider.entriesOf(request.orderId)).toEqual([]);
});

test('an undo gives back all, and a repeated one gives back nothing more', async () => {
  const request = payment();
  await payments.processPayment(request, LIMITS);

  const undo = undoOf(request);
  expect(await payments.refundPayment(undo, LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await payments.refundPayment(undo, LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await payments.refundPayment({ ...undo, idempotencyKey: `${undo.idempotencyKey}:2` }, LIMITS)).toEqual({
    refundedMinor: 0,
  });

  expect(await read(payments, request.orderId)).toMatchObject({
    status: PaymentStatus.PAYMENT_STATUS_REFUNDED,
    refundedMinor: 2_599,
  });
  const kinds = (await fixture.provider.entriesOf(request.orderId)).map(({ kind, amount_minor }) => [kind, amount_minor]);
  expect(kinds).toEqual([
    ['charge', 2_599],
    ['capture', 2_599],
    ['refund', 2_599],
  ]);
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
  const refused = { code: 'FAILED_PRECONDITION', reason: 'refund_exceeds_capture', facts: { refundable_minor: '1599' } };
  expect(await failure(payments.refundPayment(tooMuch, LIMITS))).toMatchObject(refused);
  expect(await payments.refundPayment(refundOf(request), LIMITS)).toEqual({ refundedMinor: 1_599 });
  expect(await failure(payments.refundPayment(tooMuch, LIMITS))).toMatchObject(refused);

  expect(await fixture.history(request.orderId)).toEqual([
    'PENDING',
    'AUTHORIZED',
    'PROCESSING',
    'COMPLETED',
    'REFUNDING',
    'COMPLETED',
    'REFUNDING',
    'REFUNDED',
  ]);
});
