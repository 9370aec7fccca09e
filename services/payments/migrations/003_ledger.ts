import { Migration } from '@mikro-orm/migrations';

const ENTRIES = `
create table ledger_entries (
  id bigint generated always as identity primary key,
  movement text not null,
  operation_key text not null,
  payment_id uuid not null,
  debit_account text not null,
  credit_account text not null,
  amount_minor bigint not null,
  currency text not null,
  -- Not now(): a transaction that waited for the payment's lock must not seem to have posted before what it waited for.
  at timestamptz not null default clock_timestamp(),
  constraint ledger_entries_once unique (movement, operation_key),
  constraint ledger_entries_payment_id_foreign foreign key (payment_id) references payments (id),
  constraint ledger_entries_amount check (amount_minor > 0),
  constraint ledger_entries_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ledger_entries_accounts check ((movement, debit_account, credit_account) in (
    ('captured', 'customer_clearing', 'merchant_receivable'),
    ('refund_started', 'merchant_receivable', 'refunds_payable'),
    ('refund_completed', 'refunds_payable', 'customer_clearing')))
)`;

// Every entry twice, as bookkeepers read it: once on each of its accounts.
const POSTINGS = `
create view ledger_postings as
  select id as entry_id, debit_account as account, payment_id, amount_minor as debit_minor, 0::bigint as credit_minor, currency, at
  from ledger_entries
  union all
  select id, credit_account, payment_id, 0, amount_minor, currency, at from ledger_entries`;

// Posts what payments and refunds tell and no entry does; what is posted stays. For what was there before the ledger, and for
// what an instance of the release before wrote while it was replaced.
const BACKFILL = `
create function ledger_backfill() returns bigint language sql as $$
  with told as (
    select 1 as place, 'captured' as movement, charge_key as operation_key, id as payment_id,
      'customer_clearing' as debit_account, 'merchant_receivable' as credit_account, captured_minor as amount_minor, currency,
      coalesce((select min(at) from payment_history where payment_id = payments.id and status = 'COMPLETED'), updated_at) as at
    from payments where captured_minor > 0
    union all
    select 2, 'refund_started', key, payment_id, 'merchant_receivable', 'refunds_payable', refunds.amount_minor, currency,
      refunds.created_at
    from refunds join payments on payments.id = payment_id
    union all
    select 3, 'refund_completed', key, payment_id, 'refunds_payable', 'customer_clearing', refunds.amount_minor, currency,
      completed_at
    from refunds join payments on payments.id = payment_id where refunds.status = 'COMPLETED'
  ),
  posted as (
    insert into ledger_entries
      (movement, operation_key, payment_id, debit_account, credit_account, amount_minor, currency, at)
    select movement, operation_key, payment_id, debit_account, credit_account, amount_minor, currency, at
    from told order by at, place
    on conflict do nothing returning id
  )
  select count(*) from posted
$$`;

export class Ledger extends Migration {
  override up(): void {
    this.addSql(ENTRIES);
    this.addSql('create index ledger_entries_payment_id_index on ledger_entries (payment_id)');
    this.addSql(POSTINGS);
    this.addSql(BACKFILL);
    this.addSql('select ledger_backfill()');
    // A rule that does nothing would hide the attempt; this one fails it.
    this.addSql(`
      create function ledger_entries_stay() returns trigger language plpgsql as $$
      begin
        raise exception 'ledger entries are never changed' using errcode = 'restrict_violation';
      end $$`);
    this.addSql(`
      create trigger ledger_entries_stay before update or delete or truncate on ledger_entries
        for each statement execute function ledger_entries_stay()`);
    // Also in a session that plays a replica and skips ordinary triggers.
    this.addSql('alter table ledger_entries enable always trigger ledger_entries_stay');
  }
}
