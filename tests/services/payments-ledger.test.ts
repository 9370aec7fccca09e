import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type GetBalanceRequest,
  LedgerAccount,
  type ProcessPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ACCOUNTS, MOVEMENTS } from '../../services/payments/domain/ledger/accounts.ts';
import { insist } from '../../testkit/insist.ts';
import { authorized } from './payments-authorized.ts';
import { pauseAt } from './payments-disturbed.ts';
import {
  chargedUnknown,
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  refundOf,
  undoOf,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;
let some: ProcessPaymentRequest;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start(undefined, {
    CURRENCIES: 'EUR,USD',
    FRAUD_LARGE: 'EUR=100000,USD=100000',
    FRAUD_SMALL: 'EUR=5000,USD=5000',
  });
  some = await paid();
});

afterAll(() => fixture.close());

const CLEARING = LedgerAccount.LEDGER_ACCOUNT_CUSTOMER_CLEARING;
const RECEIVABLE = LedgerAccount.LEDGER_ACCOUNT_MERCHANT_RECEIVABLE;
const PAYABLE = LedgerAccount.LEDGER_ACCOUNT_REFUNDS_PAYABLE;

async function balance(of: Partial<GetBalanceRequest> = {}): Promise<number | undefined> {
  const answer = await payments.getBalance({ account: CLEARING, currency: 'EUR', at: undefined, of: undefined, ...of }, LIMITS);
  return answer.balance?.amountMinor;
}

/** What the order's payment has on customer clearing, merchant receivable and refunds payable. */
function balances({ orderId }: { orderId: string }, at?: Date): Promise<(number | undefined)[]> {
  const of = { $case: 'orderId', value: orderId } as const;
  return Promise.all([CLEARING, RECEIVABLE, PAYABLE].map((account) => balance({ account, of, at })));
}

/** The order's entries, oldest first. */
async function entries({ orderId }: { orderId: string }): Promise<string[]> {
  const rows = await fixture.sql<{ line: string }>(
    `select format('%s %s: %s to %s', movement, ledger_entries.amount_minor, debit_account, credit_account) as line
     from ledger_entries join payments on payments.id = payment_id where order_id = $1 order by ledger_entries.id`,
    [orderId],
  );
  return rows.map(({ line }) => line);
}

async function paid(given: Partial<ProcessPaymentRequest> = {}): Promise<ProcessPaymentRequest> {
  const request = payment(given);
  await payments.processPayment(request, LIMITS);
  return request;
}

async function databaseNow(): Promise<Date> {
  // A millisecond is the finest that a request can name.
  const [row] = await fixture.sql<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' as now`);
  await fixture.sql('select pg_sleep(0.005)');
  if (!row) throw new Error('A time was expected');
  return row.now;
}

const CAPTURED = 'captured 2599: customer_clearing to merchant_receivable';

test('a capture is posted once, however often it is asked for', async () => {
  const request = await paid();
  await payments.processPayment(request, LIMITS);
  expect(await entries(request)).toEqual([CAPTURED]);
  expect(await balances(request)).toEqual([2_599, 2_599, 0]);
});

test('a refund is owed from its start and gone at its end, and partial ones add up', async () => {
  const pause = pauseAt('refund', 'before');
  const slow = await fixture.start(pause.disturb);
  const request = await paid();
  const refunding = slow.refundPayment(refundOf(request, 1_000), LIMITS);
  await pause.arrived;
  expect(await balances(request)).toEqual([2_599, 1_599, 1_000]);
  pause.letGo();
  await refunding;
  expect(await balances(request)).toEqual([1_599, 1_599, 0]);

  await payments.refundPayment(undoOf(request), LIMITS);
  await payments.refundPayment(undoOf(request), LIMITS);
  expect(await balances(request)).toEqual([0, 0, 0]);
  expect(await entries(request)).toEqual([
    CAPTURED,
    'refund_started 1000: merchant_receivable to refunds_payable',
    'refund_completed 1000: refunds_payable to customer_clearing',
    'refund_started 1599: merchant_receivable to refunds_payable',
    'refund_completed 1599: refunds_payable to customer_clearing',
  ]);
});

test('a refund above what is left posts nothing', async () => {
  const request = await paid();
  expect(await failure(payments.refundPayment(refundOf(request, 2_600), LIMITS))).toMatchObject({
    reason: 'refund_exceeds_capture',
  });
  expect(await entries(request)).toEqual([CAPTURED]);
});

test('a charge that only its undo finds is posted, and given back', async () => {
  const request = await chargedUnknown(payments);
  expect(await entries(request)).toEqual([]);
  await payments.refundPayment(undoOf(request), LIMITS);
  expect(await entries(request)).toHaveLength(3);
  expect(await balances(request)).toEqual([0, 0, 0]);
});

test('what moves no money posts nothing: a declined card, an authorisation, its void', async () => {
  const declined = payment({ paymentMethod: 'tok_declined' });
  await failure(payments.processPayment(declined, LIMITS));
  const held = await authorized(fixture);
  expect(await entries(held)).toEqual([]);
  await payments.voidPayment({ idempotencyKey: randomUUID(), orderId: held.orderId, reason: 'order_cancelled' }, LIMITS);
  expect([...(await entries(declined)), ...(await entries(held))]).toEqual([]);
});

test('a capture whose entry cannot be written is not recorded, and the retry records both', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const call = failure(service.processPayment(request, LIMITS));
  await pause.arrived;
  await fixture.sql('alter table ledger_entries rename to away');
  pause.letGo();
  expect(await call).toMatchObject({ code: 'INTERNAL' });
  await fixture.sql('alter table away rename to ledger_entries');
  expect(await fixture.history(request.orderId)).toEqual(['PENDING']);

  await insist(() => payments.processPayment(request, LIMITS));
  expect(await entries(request)).toEqual([CAPTURED]);
});

test('balances are told by account, currency, payment, order and time', async () => {
  const before = { clearing: await balance(), dollars: await balance({ currency: 'USD' }) };
  const euros = await paid();
  const afterCapture = await databaseNow();
  const dollars = await paid({ amount: { amountMinor: 700, currency: 'USD' } });
  await payments.refundPayment(refundOf(euros, 600), LIMITS);

  expect(await balance()).toBe(Number(before.clearing) + 1_999);
  expect(await balance({ currency: 'USD' })).toBe(Number(before.dollars) + 700);
  expect(await balance({ at: afterCapture })).toBe(Number(before.clearing) + 2_599);
  expect(await balances(euros, afterCapture)).toEqual([2_599, 2_599, 0]);
  expect(await balances(euros)).toEqual([1_999, 1_999, 0]);
  expect(await balances(dollars)).toEqual([0, 0, 0]);

  const found = await payments.getPayment({ by: { $case: 'orderId', value: euros.orderId } }, LIMITS);
  const of = { $case: 'paymentId', value: found.payment?.id ?? '' } as const;
  const account = await payments.getBalance({ account: CLEARING, currency: 'EUR', at: undefined, of }, LIMITS);
  const money = { amountMinor: 1_999, currency: 'EUR' };
  expect(account).toEqual({ balance: money, debitsMinor: 2_599, creditsMinor: 600, entries: 2 });
});

test.each<[string, Partial<GetBalanceRequest>, string]>([
  ['no account', { account: LedgerAccount.LEDGER_ACCOUNT_UNSPECIFIED }, 'account'],
  ['no currency', { currency: '' }, 'currency'],
  ['an order that is none', { of: { $case: 'orderId', value: "' or 1=1 --" } }, 'of.value'],
])('a balance of %s is an invalid argument', async (_, of, field) => {
  expect(await failure(balance(of))).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field }] });
});

test.each([
  'update ledger_entries set amount_minor = amount_minor',
  'delete from ledger_entries where false',
  'truncate ledger_entries',
])('the owner of the tables cannot %s', async (statement) => {
  await expect(fixture.sql(statement)).rejects.toMatchObject({ message: 'ledger entries are never changed' });
});

/** An entry of a payment that exists. */
async function insert(given: Record<string, string | number>) {
  const row = { movement: 'captured', operation_key: randomUUID(), debit: 'customer_clearing', credit: 'merchant_receivable' };
  const all: Record<string, string | number> = { ...row, amount_minor: 1, currency: 'EUR', ...given };
  const values = [some.orderId, all.movement, all.operation_key, all.debit, all.credit, all.amount_minor, all.currency];
  await fixture.sql(
    `insert into ledger_entries (payment_id, movement, operation_key, debit_account, credit_account, amount_minor, currency)
     select id, $2, $3, $4, $5, $6, $7 from payments where order_id = $1`,
    values,
  );
}

test('the database takes the entries of the chart of accounts and no others', async () => {
  const accounts = [...Object.keys(ACCOUNTS), 'till'];
  const taken: Record<string, { debit: string; credit: string }> = {};
  const combinations = [...Object.keys(MOVEMENTS), 'gift'].flatMap((movement) =>
    accounts.flatMap((debit) => accounts.map((credit) => ({ movement, debit, credit }))),
  );
  for (const { movement, debit, credit } of combinations) {
    const refused = await insert({ movement, debit, credit }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused) expect(refused).toMatchObject({ constraint: 'ledger_entries_accounts' });
    else taken[movement] = { debit, credit };
  }
  expect(taken).toEqual(MOVEMENTS);
});

test('the database refuses an entry that is posted twice, or of no amount, or of no currency', async () => {
  const operation_key = randomUUID();
  await insert({ operation_key });
  await expect(insert({ operation_key })).rejects.toMatchObject({ constraint: 'ledger_entries_once' });
  await expect(insert({ amount_minor: 0 })).rejects.toMatchObject({ constraint: 'ledger_entries_amount' });
  await expect(insert({ amount_minor: -1 })).rejects.toMatchObject({ constraint: 'ledger_entries_amount' });
  await expect(insert({ currency: 'euro' })).rejects.toMatchObject({ constraint: 'ledger_entries_currency' });
});
