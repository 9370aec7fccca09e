/** What a reader sees while money moves: every snapshot is right, not only what is left in the end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { insist } from '../../testkit/insist.ts';
import {
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  refundOf,
  undoOf,
  violated,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

// Orders at once, and rounds of them.
const ORDERS = 8;
const ROUNDS = 8;

/** A payment that is captured, refused, refunded in parts, or undone. */
async function moveMoney(kind: number): Promise<void> {
  const request = payment({ paymentMethod: kind === 3 ? 'tok_declined' : 'tok_ok' });
  if (kind === 3) return void (await failure(payments.processPayment(request, LIMITS)));
  await payments.processPayment(request, LIMITS);
  const refunds = kind === 0 ? [] : kind === 1 ? [refundOf(request, 700), refundOf(request, 900)] : [undoOf(request)];
  await Promise.all(refunds.map((refund) => insist(() => payments.refundPayment(refund, LIMITS))));
}

type Seen = { debits: string; credits: string; ledger: string; rows: string; entries: string };

/** Both accounts of the money, in one snapshot and by statements of its own: the ledger's, and the payments'. */
async function look(reader: pg.Client): Promise<Seen> {
  await reader.query('begin isolation level repeatable read read only');
  const { rows: sums } = await reader.query<Omit<Seen, 'rows'>>(
    `select coalesce(sum(debit_minor), 0) as debits, coalesce(sum(credit_minor), 0) as credits, count(*) as entries,
       concat_ws(' ', coalesce(sum(debit_minor - credit_minor) filter (where account = 'customer_clearing'), 0),
         coalesce(sum(credit_minor - debit_minor) filter (where account = 'merchant_receivable'), 0),
         coalesce(sum(credit_minor - debit_minor) filter (where account = 'refunds_payable'), 0)) as ledger
     from ledger_postings`,
  );
  const { rows } = await reader.query<{ kept: string; pending: string }>(
    `select coalesce(sum(captured_minor - refunded_minor), 0) as kept,
       (select coalesce(sum(amount_minor), 0) from refunds where status = 'PENDING') as pending from payments`,
  );
  await reader.query('commit');
  const [sum, row] = [sums[0], rows[0]];
  if (!sum || !row) throw new Error('A sum has one row');
  const [kept, pending] = [Number(row.kept), Number(row.pending)];
  return { ...sum, rows: `${kept} ${kept - pending} ${pending}` };
}

test('in every snapshot debits equal credits, and the balances are what payments and refunds say', async () => {
  const reader = new pg.Client({ connectionString: fixture.url });
  await reader.connect();
  const seen: Seen[] = [];
  let atWork = true;
  const reading = (async () => {
    while (atWork) seen.push(await look(reader));
  })();
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(Array.from({ length: ORDERS }, (_, order) => moveMoney(order % 4)));
  }
  atWork = false;
  await reading;
  seen.push(await look(reader));
  await reader.end();

  for (const { debits, credits, ledger, rows } of seen) expect([credits, ledger]).toEqual([debits, rows]);
  // Money moved between the looks, and some were taken while a refund was on its way.
  expect(new Set(seen.map(({ entries }) => entries)).size).toBeGreaterThan(10);
  expect(seen.filter(({ ledger }) => !ledger.endsWith(' 0')).length).toBeGreaterThan(0);
  expect(await violated(payments)).toEqual({});
});
