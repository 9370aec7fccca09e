import type { Rule } from '../../../platform/audit/evaluate.ts';
import { ACCOUNTS, MOVEMENTS } from '../domain/ledger/accounts.ts';

const NAMES = Object.keys(ACCOUNTS)
  .map((account) => `'${account}'`)
  .join();
const DEBIT_SIDE = Object.entries(ACCOUNTS)
  .flatMap(([account, { side }]) => (side === 'debit' ? [`'${account}'`] : []))
  .join();
const PAIRS = Object.entries(MOVEMENTS)
  .map(([movement, { debit, credit }]) => `('${movement}', '${debit}', '${credit}')`)
  .join();

/** The balance of an account of a payment by its entries, on its normal side. */
function balance(account: keyof typeof ACCOUNTS): string {
  const grows = ACCOUNTS[account].side === 'debit' ? 'debit_minor - credit_minor' : 'credit_minor - debit_minor';
  return `sum(${grows}) filter (where account = '${account}')`;
}

/** The invariants of the ledger, and those between it and the payments and refunds that it records. */
export const LEDGER_RULES: readonly Rule[] = [
  {
    // The trial balance: an amount that is on no account of the chart is missing on one side.
    name: 'ledger_debits_equal_credits',
    rows: `select currency as id, sum(debit_minor) filter (where account in (${NAMES}))
             is distinct from sum(credit_minor) filter (where account in (${NAMES})) as wrong
           from ledger_postings group by currency`,
  },
  {
    name: 'ledger_entries_follow_the_chart',
    rows: `select id::text, (movement, debit_account, credit_account) not in (${PAIRS}) as wrong from ledger_entries`,
  },
  {
    // The balances, rebuilt from the entries, agree with the payment's row and its refunds.
    name: 'ledger_agrees_with_payments',
    rows: `select payments.id::text,
             coalesce(clearing, 0) <> captured_minor - refunded_minor + coalesce(outside, 0)
             or coalesce(payable, 0) <> coalesce(pending, 0) or coalesce(settled, 0) <> coalesce(outside, 0)
             or coalesce(receivable, 0) <> captured_minor - refunded_minor - coalesce(pending, 0) as wrong
           from payments
           left join (
             select payment_id, currency, ${balance('customer_clearing')} as clearing,
               ${balance('merchant_receivable')} as receivable, ${balance('refunds_payable')} as payable,
               ${balance('settled_outside')} as settled
             from ledger_postings group by payment_id, currency
           ) as ledger on ledger.payment_id = payments.id and ledger.currency = payments.currency
           left join (
             select payment_id, sum(amount_minor) filter (where status = 'PENDING') as pending,
               sum(amount_minor) filter (where status = 'COMPLETED' and paid_by = 'outside') as outside
             from refunds group by payment_id
           ) as promised on promised.payment_id = payments.id`,
  },
  {
    // Every movement has its entry, under the operation's key and with its amount, and every entry has its movement.
    name: 'ledger_entry_per_movement',
    rows: `select coalesce(movement.payment_id, entry.payment_id)::text as id,
             (movement.payment_id, movement.amount_minor, movement.currency)
             is distinct from (entry.payment_id, entry.amount_minor, entry.currency) as wrong
           from (
             select 'captured' as movement, charge_key as operation_key, id as payment_id, captured_minor as amount_minor, currency
             from payments where captured_minor > 0
             union all
             select movement, key, payment_id, refunds.amount_minor, currency
             from refunds join payments on payments.id = payment_id
             cross join lateral (values ('refund_started'), (case refunds.status
               when 'FAILED' then 'refund_failed'
               when 'COMPLETED' then case paid_by when 'outside' then 'refund_settled_outside' else 'refund_completed' end
             end)) as posts (movement)
             where movement is not null
           ) as movement
           full join ledger_entries entry on entry.movement = movement.movement and entry.operation_key = movement.operation_key`,
  },
  {
    // In the order of their times no entry of a payment takes more from an account than is on it.
    name: 'ledger_never_overdrawn',
    rows: `select payment_id::text as id, bool_or(running < 0) as wrong
           from (
             select payment_id, sum(case when account in (${DEBIT_SIDE}) then debit_minor - credit_minor
                                         else credit_minor - debit_minor end)
               over (partition by payment_id, currency, account order by at, entry_id) as running
             from ledger_postings
           ) as balances group by payment_id`,
  },
];
