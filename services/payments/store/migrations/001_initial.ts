import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../../platform/idempotency/schema.ts';
import { OUTBOX_INDEX, OUTBOX_TABLE } from '../../../../platform/outbox/schema.ts';

const PAYMENTS = `
create table payments (
  id uuid primary key,
  order_id uuid not null,
  user_id uuid not null,
  charge_key text not null,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  captured_minor bigint not null default 0,
  refunded_minor bigint not null default 0,
  provider_reference text,
  failure_reason text,
  -- As the provider describes it; never the number.
  method_brand text,
  method_last_four text,
  processed_at timestamptz,
  disputed_at timestamptz,
  -- Null while the fraud check has not decided.
  fraud_score integer,
  fraud_factors jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint payments_order_id_unique unique (order_id),
  constraint payments_charge_key_unique unique (charge_key),
  constraint payments_provider_reference_unique unique (provider_reference),
  constraint payments_amount check (amount_minor > 0),
  constraint payments_currency check (currency ~ '^[A-Z]{3}$'),
  constraint payments_status check (status in
    ('PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED', 'REFUNDING', 'REFUNDED', 'FAILED', 'VOIDED')),
  constraint payments_money check
    (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor),
  constraint payments_captured check ((status in ('COMPLETED', 'REFUNDING', 'REFUNDED')) = (captured_minor > 0)),
  constraint payments_refunded check ((status = 'REFUNDED') = (captured_minor > 0 and refunded_minor = captured_minor)),
  constraint payments_charged check (captured_minor = 0 or provider_reference is not null),
  constraint payments_failed check ((status = 'FAILED') = (failure_reason is not null)),
  constraint payments_method check ((method_brand is null) = (method_last_four is null) and method_last_four ~ '^[0-9]{4}$'),
  constraint payments_processed check ((captured_minor > 0) = (processed_at is not null)),
  constraint payments_disputed check (disputed_at is null or captured_minor > 0),
  constraint payments_fraud check ((fraud_score is null) = (fraud_factors is null))
)`;

const REFUNDS = `
create table refunds (
  id uuid primary key,
  -- At the provider and in the ledger.
  key text not null,
  operation_key text not null,
  payment_id uuid not null,
  amount_minor bigint not null,
  status text not null,
  reason text not null,
  paid_by text not null,
  refusal text,
  outside_reference text,
  outside_reason text,
  outside_actor_id uuid,
  provider_reference text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint refunds_payment_id_foreign foreign key (payment_id) references payments (id),
  constraint refunds_provider_reference_unique unique (provider_reference),
  constraint refunds_amount check (amount_minor > 0),
  constraint refunds_key_unique unique (key),
  constraint refunds_status check (status in ('PENDING', 'COMPLETED', 'FAILED')),
  constraint refunds_paid_by check (paid_by in ('provider', 'provider_back_office', 'outside')),
  constraint refunds_completed check ((status = 'COMPLETED') = (completed_at is not null)),
  constraint refunds_provider check ((provider_reference is not null) = (status = 'COMPLETED' and paid_by <> 'outside')),
  constraint refunds_outside check
    ((status = 'COMPLETED' and paid_by = 'outside') = (num_nonnulls(outside_reference, outside_reason, outside_actor_id) = 3)
    and num_nonnulls(outside_reference, outside_reason, outside_actor_id) in (0, 3))
)`;

const HISTORY = `
create table payment_history (
  id bigserial primary key,
  payment_id uuid not null,
  status text not null,
  reason text,
  -- The refund that the transition starts or ends.
  refund_id uuid,
  event_position bigint not null,
  at timestamptz not null default now(),
  constraint payment_history_payment_id_foreign foreign key (payment_id) references payments (id),
  constraint payment_history_refund_id_foreign foreign key (refund_id) references refunds (id) on delete restrict,
  constraint payment_history_event_position_unique unique (event_position),
  constraint payment_history_event_position_foreign foreign key (event_position) references outbox (position)
)`;

const LEDGER_ENTRIES = `
create table ledger_entries (
  id bigint generated always as identity primary key,
  movement text not null,
  operation_key text not null,
  payment_id uuid not null,
  debit_account text not null,
  credit_account text not null,
  amount_minor bigint not null,
  currency text not null,
  at timestamptz not null default clock_timestamp(),
  constraint ledger_entries_once unique (movement, operation_key),
  constraint ledger_entries_payment_id_foreign foreign key (payment_id) references payments (id),
  constraint ledger_entries_amount check (amount_minor > 0),
  constraint ledger_entries_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ledger_entries_accounts check ((movement, debit_account, credit_account) in (
    ('captured', 'customer_clearing', 'merchant_receivable'),
    ('refund_started', 'merchant_receivable', 'refunds_payable'),
    ('refund_completed', 'refunds_payable', 'customer_clearing'),
    ('refund_settled_outside', 'refunds_payable', 'settled_outside'),
    ('refund_failed', 'refunds_payable', 'merchant_receivable')))
)`;

// Every entry twice, as bookkeepers read it: once on each of its accounts.
const LEDGER_POSTINGS = `
create view ledger_postings as
  select id as entry_id, debit_account as account, payment_id, amount_minor as debit_minor, 0::bigint as credit_minor, currency, at
  from ledger_entries
  union all
  select id, credit_account, payment_id, 0, amount_minor, currency, at from ledger_entries`;

const INDEXES = [
  // The fraud check reads the newest payments of a customer.
  'create index payments_user_id_created_at_index on payments (user_id, created_at)',
  'create index refunds_payment_id_index on refunds (payment_id)',
  // One refund of a payment at a time: the amount that is left is known before the next one starts.
  // An operation gives back once, however often it begins anew.
  `create unique index refunds_one_per_operation on refunds (operation_key) where status <> 'FAILED'`,
  `create unique index refunds_one_pending on refunds (payment_id) where status = 'PENDING'`,
  'create index payment_history_payment_id_index on payment_history (payment_id)',
  // The list of effects, oldest first: of about four rows per payment it needs one.
  `create index payment_history_effects on payment_history (at, id) where status in ('COMPLETED', 'REFUNDED', 'VOIDED')`,
  'create index ledger_entries_payment_id_index on ledger_entries (payment_id)',
  OUTBOX_INDEX,
];

const LEDGER_APPEND_ONLY = [
  `create function ledger_entries_append_only() returns trigger language plpgsql as $$
   begin
     raise exception 'ledger entries are never changed' using errcode = 'restrict_violation';
   end $$`,
  `create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
   for each statement execute function ledger_entries_append_only()`,
  // Also in a session that plays a replica and skips ordinary triggers.
  'alter table ledger_entries enable always trigger ledger_entries_append_only',
];

// Every column but relayed_at, which marks an event as relayed; a test compares the list with the table.
const EVENT_COLUMNS = ['position', 'id', 'type', 'version', 'order_id', 'user_id', 'at', 'amount_minor', 'currency', 'facts'];
const EVENT_CHANGED = `(${EVENT_COLUMNS.map((name) => `old.${name}`).join()}) is distinct from (${EVENT_COLUMNS.map((name) => `new.${name}`).join()})`;

const OUTBOX_APPEND_ONLY = [
  `create function outbox_append_only() returns trigger language plpgsql as $$
   begin
     raise exception 'an event is never changed' using errcode = 'restrict_violation';
   end $$`,
  `create trigger outbox_append_only before update on outbox for each row when (${EVENT_CHANGED})
   execute function outbox_append_only()`,
  `create trigger outbox_rows_append_only before delete or truncate on outbox for each statement
   execute function outbox_append_only()`,
];

export class Initial extends Migration {
  override up(): void {
    const tables = [IDEMPOTENCY_TABLE, OUTBOX_TABLE, PAYMENTS, REFUNDS, HISTORY, LEDGER_ENTRIES, LEDGER_POSTINGS];
    for (const statement of [...tables, ...INDEXES, ...LEDGER_APPEND_ONLY, ...OUTBOX_APPEND_ONLY]) this.addSql(statement);
  }
}
