/** Tables and indexes. The CHECK constraints enforce the invariants of domain/order.ts that one row can show. */

const STATUSES = `'SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED'`;
// The largest integer that a number carries exactly.
const MAX_AMOUNT = '9007199254740991';

export const ORDERS = `
create table orders (
  id uuid primary key,
  client_id text not null,
  user_id uuid not null,
  status text not null constraint orders_status_check check (status in (${STATUSES})),
  currency char(3) constraint orders_currency_check check (currency ~ '^[A-Z]{3}$'),
  subtotal_minor bigint,
  tax_minor bigint,
  shipping_minor bigint,
  total_minor bigint,
  payment_method text not null,
  payment_id uuid,
  shipping_address jsonb,
  failure_step text,
  failure_reason text,
  failure_facts jsonb,
  carrier text,
  tracking_number text,
  shipped_at timestamptz(3),
  delivered_at timestamptz(3),
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
  constraint orders_failure_step_check check (failure_step is null or failure_reason is not null),
  constraint orders_failure_facts_check check (failure_facts is null or failure_reason is not null),
  constraint orders_shipment_whole_check check (num_nulls(carrier, tracking_number, shipped_at) in (0, 3)),
  constraint orders_shipped_check check ((status in ('SHIPPED', 'DELIVERED', 'RETURNED')) = (shipped_at is not null)),
  constraint orders_delivered_check check (
    case when delivered_at is null then status <> 'DELIVERED'
      else status in ('DELIVERED', 'RETURNED') and delivered_at >= shipped_at
    end
  )
)`;

export const ORDER_LINES = `
create table order_lines (
  order_id uuid not null constraint order_lines_order_id_foreign references orders (id),
  product_id uuid not null,
  position integer not null,
  quantity integer not null constraint order_lines_quantity_check check (quantity > 0),
  unit_price_minor bigint constraint order_lines_unit_price_check check (unit_price_minor >= 0),
  line_total_minor bigint,
  constraint order_lines_pkey primary key (order_id, product_id),
  constraint order_lines_total_check check (line_total_minor = unit_price_minor * quantity),
  constraint order_lines_priced_whole_check check ((unit_price_minor is null) = (line_total_minor is null))
)`;

// A history is one chain: it begins once, leaves no status twice, enters none twice, and every link is legal (OR1).
export const HISTORY = `
create table order_history (
  sequence bigserial primary key,
  order_id uuid not null constraint order_history_order_id_foreign references orders (id),
  previous_status text,
  status text not null,
  reason text not null default '',
  actor_id uuid,
  note text not null default '',
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

export const INTERVENTIONS = `
create table order_interventions (
  sequence bigserial primary key,
  order_id uuid not null constraint order_interventions_order_id_foreign references orders (id),
  actor_id uuid not null,
  action text not null constraint order_interventions_action_check check (action in ('retry', 'resolve')),
  steps text[] not null constraint order_interventions_steps_check check (cardinality(steps) > 0),
  reason text not null constraint order_interventions_reason_check check (reason <> ''),
  reference text not null default '',
  at timestamptz(3) not null default now()
)`;

// Steps of returns take their numbers from the history, so that the effects of an instant are one sequence.
export const RETURNS = `
create table returns (
  id uuid primary key,
  order_id uuid not null constraint returns_order_id_foreign references orders (id),
  actor_id uuid not null,
  reason text not null,
  refund_minor bigint not null constraint returns_refund_check check (refund_minor >= 0),
  requested_at timestamptz(3) not null default now(),
  completed_at timestamptz(3) constraint returns_completed_check check (completed_at >= requested_at),
  requested_sequence bigint not null default nextval('order_history_sequence_seq'),
  completed_sequence bigint not null default nextval('order_history_sequence_seq')
)`;

export const RETURN_LINES = `
create table return_lines (
  return_id uuid not null constraint return_lines_return_id_foreign references returns (id),
  product_id uuid not null,
  quantity integer not null constraint return_lines_quantity_check check (quantity > 0),
  constraint return_lines_pkey primary key (return_id, product_id)
)`;

export const ORDER_INDEXES = [
  // The lists, newest first; the id breaks ties. Other filters narrow one of these.
  'create index orders_of_user on orders (user_id, created_at desc, id desc)',
  'create index orders_by_time on orders (created_at desc, id desc)',
  'create index orders_by_status on orders (status, created_at desc, id desc)',
  'create index orders_by_failed_step on orders (failure_step, created_at desc, id desc) where failure_step is not null',
  'create index order_interventions_of_order on order_interventions (order_id, sequence)',
  'create index returns_of_order on returns (order_id, requested_at)',
  // The list of effects, oldest first.
  'create index order_history_by_time on order_history (at, sequence)',
  'create unique index returns_requested_by_time on returns (requested_at, requested_sequence)',
  'create unique index returns_completed_by_time on returns (completed_at, completed_sequence)',
];
