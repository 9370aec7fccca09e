import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency/schema.ts';

const STATUSES = `'SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED'`;
// The largest integer that a number carries exactly.
const MAX_AMOUNT = '9007199254740991';

const ORDERS = `
create table orders (
  id uuid primary key,
  client_id text not null,
  user_id uuid not null,
  status text not null constraint orders_status_check check (status in (${STATUSES})),
  currency char(3) null constraint orders_currency_check check (currency ~ '^[A-Z]{3}$'),
  subtotal_minor bigint null,
  tax_minor bigint null,
  shipping_minor bigint null,
  total_minor bigint null,
  payment_method text not null,
  payment_id uuid null,
  shipping_address jsonb null,
  failure_step text null,
  failure_reason text null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint orders_total_check check (total_minor = subtotal_minor + tax_minor + shipping_minor),
  constraint orders_amounts_check check (
    least(subtotal_minor, tax_minor, shipping_minor, total_minor) >= 0 and total_minor <= ${MAX_AMOUNT}
  ),
  constraint orders_priced_whole_check check (
    num_nulls(currency, subtotal_minor, tax_minor, shipping_minor, total_minor) in (0, 5)
  ),
  constraint orders_priced_check check (status in ('SUBMITTED', 'CANCELLED') or total_minor is not null),
  constraint orders_paid_check check (status not in ('PAID', 'SHIPPED', 'DELIVERED', 'RETURNED') or payment_id is not null),
  constraint orders_failure_check check ((status = 'CANCELLED') = (failure_reason is not null)),
  constraint orders_failure_step_check check (failure_step is null or failure_reason is not null)
)`;

const ORDER_LINES = `
create table order_lines (
  order_id uuid not null constraint order_lines_order_id_foreign references orders (id),
  product_id uuid not null,
  position integer not null,
  quantity integer not null constraint order_lines_quantity_check check (quantity > 0),
  unit_price_minor bigint null constraint order_lines_unit_price_check check (unit_price_minor >= 0),
  line_total_minor bigint null,
  constraint order_lines_pkey primary key (order_id, product_id),
  constraint order_lines_total_check check (line_total_minor = unit_price_minor * quantity),
  constraint order_lines_priced_whole_check check ((unit_price_minor is null) = (line_total_minor is null))
)`;

// A history is one chain: it begins once, leaves no status twice, enters none twice, and every link is legal (OR1).
const ORDER_HISTORY = `
create table order_history (
  sequence bigserial primary key,
  order_id uuid not null constraint order_history_order_id_foreign references orders (id),
  previous_status text null,
  status text not null,
  reason text not null default '',
  at timestamptz(3) not null default now(),
  constraint order_history_enters_once unique (order_id, status),
  constraint order_history_leaves_once unique nulls not distinct (order_id, previous_status),
  constraint order_history_legal_check check (
    case when previous_status is null then status = 'SUBMITTED'
      else (previous_status, status) in (
        ('SUBMITTED', 'CREATED'), ('CREATED', 'RESERVED'), ('RESERVED', 'PAID'), ('PAID', 'SHIPPED'), ('SHIPPED', 'DELIVERED'),
        ('SUBMITTED', 'CANCELLED'), ('CREATED', 'CANCELLED'), ('RESERVED', 'CANCELLED'), ('PAID', 'CANCELLED'),
        ('SHIPPED', 'RETURNED'), ('DELIVERED', 'RETURNED')
      )
    end
  )
)`;

// Each row finds out by itself which one it follows; the order's row lock keeps two from following the same one. now() is
// when a transaction began: one that waited for the lock must not seem to have come before what it waited for.
const HISTORY_LINKS = `
create function link_history() returns trigger language plpgsql volatile as $$
declare
  previous record;
begin
  select status, at into previous from order_history where order_id = new.order_id order by sequence desc limit 1;
  new.previous_status := previous.status;
  new.at := greatest(previous.at, new.at);
  return new;
end $$`;

const HISTORY_LINKS_TRIGGER = `
create trigger order_history_links before insert on order_history for each row execute function link_history()`;

// A rule that does nothing would hide the attempt; this one fails it.
const HISTORY_IS_APPEND_ONLY = `
create function refuse_change_of_history() returns trigger language plpgsql as $$
begin
  raise exception 'order_history is append-only' using errcode = 'restrict_violation';
end $$`;

const APPEND_ONLY_TRIGGER = `
create trigger order_history_append_only before update or delete or truncate on order_history
  for each statement execute function refuse_change_of_history()`;

export class InitialMigration extends Migration {
  override up(): void {
    this.addSql(IDEMPOTENCY_TABLE);
    this.addSql(ORDERS);
    // The list of a user's orders, newest first; the id breaks ties.
    this.addSql('create index orders_of_user on orders (user_id, created_at desc, id desc)');
    this.addSql(ORDER_LINES);
    this.addSql(ORDER_HISTORY);
    this.addSql(HISTORY_LINKS);
    this.addSql(HISTORY_LINKS_TRIGGER);
    this.addSql(HISTORY_IS_APPEND_ONLY);
    this.addSql(APPEND_ONLY_TRIGGER);
  }
}
