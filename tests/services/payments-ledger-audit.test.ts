import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
  violated,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;
/** Payment ids, and the id of the entry of each one's capture. */
const ids: Record<'completed' | 'refunded' | 'failed', string> = { completed: '', refunded: '', failed: '' };
let capture = '';

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
  const [completed, refunded, failed] = [payment(), payment(), payment({ paymentMethod: 'tok_declined' })] as const;
  await payments.processPayment(completed, LIMITS);
  await payments.processPayment(refunded, LIMITS);
  await payments.refundPayment(refundOf(refunded, 1_000), LIMITS);
  await payments.refundPayment(undoOf(refunded), LIMITS);
  await failure(payments.processPayment(failed, LIMITS));
  ids.completed = (await read(payments, completed.orderId)).id;
  ids.refunded = (await read(payments, refunded.orderId)).id;
  ids.failed = (await read(payments, failed.orderId)).id;
  const [entry] = await fixture.sql<{ id: string }>('select id from ledger_entries where payment_id = $1', [ids.completed]);
  capture = entry?.id ?? '';
});

afterAll(() => fixture.close());

test('the ledger is right, and what keeps it so is gone for the rest of this file', async () => {
  expect(await violated(payments)).toEqual({});
  await fixture.sql(`
    alter table ledger_entries disable trigger ledger_entries_append_only, drop constraint ledger_entries_once,
      drop constraint ledger_entries_accounts, drop constraint ledger_entries_amount, drop constraint ledger_entries_currency;
    create table saved as table ledger_entries`);
});

type Named = keyof typeof ids | 'EUR' | 'capture';
type Fault = { readonly what: string; readonly plant: string; readonly finds: Readonly<Record<string, Named>> };

const disagrees = (payment: keyof typeof ids) => ({ ledger_agrees_with_payments: payment, ledger_entry_per_movement: payment });

/** $1: the completed payment, $2: the refunded one, $3: the failed one. */
const FAULTS: readonly Fault[] = [
  {
    what: 'an amount on an account that does not exist',
    plant: `update ledger_entries set credit_account = 'lost' where payment_id = $1`,
    finds: {
      ledger_debits_equal_credits: 'EUR',
      ledger_entries_follow_the_chart: 'capture',
      ledger_agrees_with_payments: 'completed',
    },
  },
  {
    what: 'an amount on the wrong account',
    plant: `update ledger_entries set credit_account = 'refunds_payable' where payment_id = $1`,
    finds: { ledger_entries_follow_the_chart: 'capture', ledger_agrees_with_payments: 'completed' },
  },
  {
    what: 'a capture that was not posted',
    plant: 'delete from ledger_entries where payment_id = $1',
    finds: disagrees('completed'),
  },
  {
    what: 'a capture that was posted twice',
    plant: `insert into ledger_entries (movement, operation_key, payment_id, debit_account, credit_account, amount_minor, currency)
            select movement, operation_key || ':2', payment_id, debit_account, credit_account, amount_minor, currency
            from ledger_entries where payment_id = $1`,
    finds: disagrees('completed'),
  },
  {
    what: 'an entry of another amount',
    plant: 'update ledger_entries set amount_minor = amount_minor + 1 where payment_id = $1',
    finds: disagrees('completed'),
  },
  {
    what: 'an entry in another currency',
    plant: `update ledger_entries set currency = 'USD' where payment_id = $1`,
    finds: disagrees('completed'),
  },
  {
    what: 'an entry under the key of nobody',
    plant: `update ledger_entries set operation_key = 'nobody' where payment_id = $1`,
    finds: { ledger_entry_per_movement: 'completed' },
  },
  {
    what: 'an entry of a payment that took nothing',
    plant: `insert into ledger_entries (movement, operation_key, payment_id, debit_account, credit_account, amount_minor, currency)
            values ('captured', 'planted', $3, 'customer_clearing', 'merchant_receivable', 1, 'EUR')`,
    finds: disagrees('failed'),
  },
  {
    what: 'a refund that never ended',
    plant: `delete from ledger_entries where payment_id = $2 and amount_minor = 1000 and movement = 'refund_completed'`,
    finds: disagrees('refunded'),
  },
  {
    what: 'a refund before the capture',
    plant: `update ledger_entries set at = at - interval '1 day' where payment_id = $2 and movement = 'refund_started'`,
    finds: { ledger_never_overdrawn: 'refunded' },
  },
];

test.each(FAULTS)('$what is found, by the rules that it concerns alone', async ({ plant, finds }) => {
  // Each of the three is used, so that PostgreSQL knows its type.
  await fixture.sql(plant.replaceAll(/\$([123])/g, (_, place: string) => `'${Object.values(ids)[Number(place) - 1]}'`));
  try {
    const named = { ...ids, EUR: 'EUR', capture };
    const found = Object.entries(await violated(payments)).map(([rule, examples]) => [rule, [...new Set(examples)]]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(finds).map(([rule, name]) => [rule, [named[name]]])),
    );
  } finally {
    await fixture.sql('delete from ledger_entries');
    await fixture.sql('insert into ledger_entries overriding system value select * from saved order by id');
  }
  expect(await violated(payments)).toEqual({});
});
