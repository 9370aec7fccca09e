import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Payment } from '../../services/payments/domain/payment.ts';
import {
  PAYMENT_STATUSES,
  type PaymentStatus,
  stepsToCapture,
  TRANSITIONS,
} from '../../services/payments/domain/payment-status.ts';
import { Refund } from '../../services/payments/domain/refunds/refund.ts';
import { ENTITIES } from '../../services/payments/store/orm.ts';
import { schemaDrift } from '../../testkit/schema-drift.ts';
import { openPayments, type PaymentsFixture } from './payments-fixture.ts';

let fixture: PaymentsFixture;

beforeAll(async () => {
  fixture = await openPayments();
  await fixture.start();
});

afterAll(() => fixture.close());

const AT = new Date();
const CHARGE = { id: 'ch_1', key: null, capturedMinor: 100, currency: 'EUR', method: null, disputed: false, refunds: [] };
const PAID = { paidBy: 'provider', providerReference: 're_1' } as const;
const request = (amountMinor: number) => ({ key: randomUUID(), operationKey: randomUUID(), amountMinor, reason: 'return' });

/** A payment of 100 in this status, with its money as the status wants it. */
function paymentIn(status: PaymentStatus): Payment {
  const intent = { orderId: randomUUID(), userId: randomUUID(), chargeKey: randomUUID(), amountMinor: 100, currency: 'EUR' };
  const payment = new Payment(intent, AT);
  payment.status = status;
  payment.providerReference = CHARGE.id;
  if (!payment.isUnsettled()) payment.capturedMinor = 100;
  return payment;
}

const METHODS: Readonly<Record<string, (payment: Payment) => void>> = {
  capture: (payment) => payment.capture(CHARGE, AT),
  fail: (payment) => payment.fail('payment_declined', AT),
  void: (payment) => payment.void('order_cancelled', AT),
  startRefund: (payment) => void payment.startRefund(request(1), AT),
  'completeRefund of a part': (payment) => payment.completeRefund(refund(1), PAID, AT),
  'completeRefund of all': (payment) => payment.completeRefund(refund(100), PAID, AT),
  failRefund: (payment) => payment.failRefund(refund(1), AT),
};

function refund(amountMinor: number): Refund {
  return new Refund(request(amountMinor), AT);
}

test('a payment goes the documented ways and no other, and each step writes its history and its event', () => {
  const ways: string[] = [];
  for (const from of PAYMENT_STATUSES) {
    for (const [method, call] of Object.entries(METHODS)) {
      const payment = paymentIn(from);
      try {
        call(payment);
      } catch (error: unknown) {
        expect(error).toMatchObject({ reason: 'illegal_transition', facts: { current_status: from } });
        expect(payment.status).toBe(from);
        continue;
      }
      const [, ...passed] = [...payment.history].map(({ status, event }) => `${status} (${event.type})`);
      if (passed.length > 0) ways.push(`${method}: ${[from, ...passed].join(' → ')}`);
    }
  }
  expect(ways).toEqual([
    'capture: PENDING → AUTHORIZED (payment.authorized) → PROCESSING (payment.processing) → COMPLETED (payment.captured)',
    'fail: PENDING → FAILED (payment.failed)',
    'capture: AUTHORIZED → PROCESSING (payment.processing) → COMPLETED (payment.captured)',
    'fail: AUTHORIZED → FAILED (payment.failed)',
    'void: AUTHORIZED → VOIDED (payment.voided)',
    'capture: PROCESSING → COMPLETED (payment.captured)',
    'fail: PROCESSING → FAILED (payment.failed)',
    'startRefund: COMPLETED → REFUNDING (payment.refund_started)',
    'completeRefund of a part: REFUNDING → COMPLETED (payment.refunded)',
    'completeRefund of all: REFUNDING → REFUNDED (payment.refunded)',
    'failRefund: REFUNDING → COMPLETED (payment.refund_failed)',
  ]);
});

test('the state machine has the documented transitions and no other', () => {
  const ways = PAYMENT_STATUSES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} → ${to}`));
  expect(ways.toSorted()).toEqual(
    [
      'PENDING → AUTHORIZED',
      'PENDING → FAILED',
      'AUTHORIZED → PROCESSING',
      'AUTHORIZED → FAILED',
      'AUTHORIZED → VOIDED',
      'PROCESSING → COMPLETED',
      'PROCESSING → FAILED',
      'COMPLETED → REFUNDING',
      'REFUNDING → COMPLETED',
      'REFUNDING → REFUNDED',
    ].toSorted(),
  );
});

test('from every unsettled status the way to captured is a legal one', () => {
  const unsettled = PAYMENT_STATUSES.filter((status) => TRANSITIONS[status].includes('FAILED'));
  expect(unsettled).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING']);
  for (const from of unsettled) {
    const way = [from, ...stepsToCapture(from)];
    for (const [index, to] of way.slice(1).entries()) expect(TRANSITIONS[way[index] ?? from]).toContain(to);
    expect(way.at(-1)).toBe('COMPLETED');
  }
});

test('the entities and the migrations describe the same tables', async () => {
  expect(await schemaDrift(fixture.url, ENTITIES)).toEqual([]);
});

/** A completed payment of 100 unless told. */
function insert(given: Record<string, string | number | null> = {}) {
  const row = {
    id: randomUUID(),
    order_id: randomUUID(),
    user_id: randomUUID(),
    charge_key: randomUUID(),
    amount_minor: 100,
    currency: 'EUR',
    status: 'COMPLETED',
    captured_minor: 100,
    refunded_minor: 0,
    provider_reference: randomUUID(),
    failure_reason: null,
    ...given,
    processed_at: Number(given.captured_minor ?? 100) > 0 ? AT : null,
  };
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  const text = `insert into payments (${columns.join()}) values (${places.join()}) returning id, order_id`;
  return fixture.sql<{ id: string; order_id: string }>(text, Object.values(row));
}

const impossible: [string, Record<string, string | number | null>, string][] = [
  ['refunded above captured', { refunded_minor: 101 }, 'payments_money'],
  ['captured above the amount', { captured_minor: 101 }, 'payments_money'],
  ['refunded below 0', { refunded_minor: -1 }, 'payments_money'],
  ['an amount of 0', { amount_minor: 0, captured_minor: 0 }, 'payments_amount'],
  ['a currency of four letters', { currency: 'EURO' }, 'payments_currency'],
  ['an unknown status', { status: 'LOST', captured_minor: 0 }, 'payments_status'],
  ['completed without capture', { captured_minor: 0 }, 'payments_captured'],
  ['failed with money', { status: 'FAILED', failure_reason: 'payment_declined' }, 'payments_captured'],
  ['failed without a reason', { status: 'FAILED', captured_minor: 0 }, 'payments_failed'],
  ['refunded in part only', { status: 'REFUNDED', refunded_minor: 99 }, 'payments_refunded'],
  ['refunded in full but completed', { refunded_minor: 100 }, 'payments_refunded'],
  ['captured without a charge', { provider_reference: null }, 'payments_charged'],
];
test.each(impossible)('the database refuses a payment that is %s', async (_, row, constraint) => {
  await expect(insert(row)).rejects.toMatchObject({ constraint });
});

test('the database refuses a second payment of an order, and a second refund at work', async () => {
  const [payment] = await insert();
  if (!payment) throw new Error('A payment was expected');
  await expect(insert({ order_id: payment.order_id })).rejects.toMatchObject({ constraint: 'payments_order_id_unique' });

  const refund = () =>
    fixture.sql(
      `insert into refunds (id, key, operation_key, payment_id, amount_minor, status, reason, paid_by)
       values ($1::uuid, $1::uuid::text, $1::uuid::text, $2, 1, 'PENDING', 'return', 'provider')`,
      [randomUUID(), payment.id],
    );
  await refund();
  await expect(refund()).rejects.toMatchObject({ constraint: 'refunds_one_pending' });
});
