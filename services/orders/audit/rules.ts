import type { Rule } from '../../../platform/audit/evaluate.ts';
import { NEXT_STATUSES, ORDER_STATUSES } from '../domain/order-status.ts';
import { EVENT_RULES } from './event-rules.ts';

// Time without a change after which an unfinished order or return counts as stuck. A step of the saga gives up after 10 minutes.
const STUCK_AFTER = '1 hour';

const LEGAL_MOVES = ORDER_STATUSES.flatMap((from) => NEXT_STATUSES[from].map((to) => `('${from}', '${to}')`)).join();

/** The invariants of domain/order.ts, checked against the stored rows. */
export const RULES: readonly Rule[] = [
  {
    name: 'status_is_last_of_history',
    // `+ 0` makes PostgreSQL read one order's history by its index. Without statistics it would scan all histories for each
    // order.
    rows: `select orders.id::text, orders.status is distinct from (
             select status from order_history where order_id = orders.id order by sequence + 0 desc limit 1
           ) as wrong from orders`,
  },
  {
    name: 'history_is_legal',
    rows: `select order_id::text as id, case when previous is null then status <> 'SUBMITTED'
             else (previous, status) not in (${LEGAL_MOVES}) end as wrong
           from (
             select order_id, status, lag(status) over (partition by order_id order by sequence) as previous from order_history
           ) as moves`,
  },
  {
    name: 'history_never_goes_back_in_time',
    rows: `select order_id::text as id, coalesce(at < previous_at, false) as wrong
           from (
             select order_id, at, lag(at) over (partition by order_id order by sequence) as previous_at from order_history
           ) as moves`,
  },
  {
    name: 'totals_add_up',
    rows: `select id::text, total_minor is distinct from subtotal_minor + tax_minor + shipping_minor as wrong
           from orders where num_nonnulls(subtotal_minor, tax_minor, shipping_minor, total_minor) > 0`,
  },
  {
    name: 'subtotal_is_sum_of_lines',
    rows: `select orders.id::text, orders.subtotal_minor is distinct from sum(line.unit_price_minor * line.quantity)
             or orders.subtotal_minor is distinct from sum(line.line_total_minor) as wrong
           from orders left join order_lines line on line.order_id = orders.id
           where orders.subtotal_minor is not null group by orders.id`,
  },
  {
    name: 'accepted_order_is_priced',
    rows: `select id::text, status not in ('SUBMITTED', 'CANCELLED') and total_minor is null as wrong from orders`,
  },
  {
    name: 'cancelled_has_a_reason',
    rows: `select id::text, (status = 'CANCELLED') <> (coalesce(failure_reason, '') <> '') as wrong from orders`,
  },
  {
    name: 'paid_has_a_payment',
    rows: `select id::text, status in ('PAID', 'SHIPPED', 'DELIVERED', 'RETURNED') and payment_id is null as wrong from orders`,
  },
  {
    name: 'shipped_has_a_shipment',
    rows: `select id::text, (status in ('SHIPPED', 'DELIVERED', 'RETURNED')) <> (num_nonnulls(carrier, tracking_number, shipped_at) = 3)
             or (status = 'DELIVERED' and delivered_at is null) or coalesce(delivered_at < shipped_at, false) as wrong
           from orders`,
  },
  {
    name: 'returned_units_were_bought',
    rows: `select returns.order_id::text || ' ' || back.product_id as id, sum(back.quantity) > coalesce((
             select quantity from order_lines where order_id = returns.order_id and product_id = back.product_id), 0) as wrong
           from return_lines back join returns on returns.id = back.return_id group by returns.order_id, back.product_id`,
  },
  {
    name: 'refunds_of_returns_within_total',
    rows: `select orders.id::text, sum(returns.refund_minor) > orders.total_minor as wrong
           from orders join returns on returns.order_id = orders.id group by orders.id`,
  },
  {
    name: 'returned_exactly_when_everything_is_back',
    rows: `select orders.id::text, (orders.status = 'RETURNED') <> not exists (
             select from order_lines line where line.order_id = orders.id and line.quantity > coalesce((
               select sum(back.quantity) from return_lines back join returns on returns.id = back.return_id
               where returns.order_id = line.order_id and back.product_id = line.product_id
                 and returns.completed_at is not null), 0)) as wrong
           from orders where exists (select from returns where order_id = orders.id) or status = 'RETURNED'`,
  },
  {
    name: 'return_stuck',
    rows: `select id::text, completed_at is null and requested_at < now() - interval '${STUCK_AFTER}' as wrong from returns`,
  },
  {
    name: 'stuck',
    rows: `select id::text, status in ('CREATED', 'RESERVED') and updated_at < now() - interval '${STUCK_AFTER}' as wrong from orders`,
  },
  ...EVENT_RULES,
];
