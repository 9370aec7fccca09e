/** Triggers that refuse statements that do not come from domain/order.ts or contradict it. None of them writes. */

const appendOnly = (table: string) => [
  `create function refuse_change_of_${table}() returns trigger language plpgsql as $$
   begin
     raise exception '${table} is append-only' using errcode = 'restrict_violation';
   end $$`,
  `create trigger ${table}_append_only before update or delete or truncate on ${table}
   for each statement execute function refuse_change_of_${table}()`,
];

export const APPEND_ONLY = [
  ...appendOnly('order_history'),
  ...appendOnly('order_interventions'),
  ...appendOnly('return_lines'),
  // A return changes once, when it is completed.
  `create function refuse_change_of_returns() returns trigger language plpgsql as $$
   begin
     if tg_op = 'UPDATE' and old.completed_at is null and new.completed_at is not null
        and (new.id, new.order_id, new.actor_id, new.reason, new.refund_minor, new.requested_at, new.requested_sequence,
             new.completed_sequence)
          = (old.id, old.order_id, old.actor_id, old.reason, old.refund_minor, old.requested_at, old.requested_sequence,
             old.completed_sequence) then
       return new;
     end if;
     raise exception 'a return is completed once and never changed' using errcode = 'restrict_violation';
   end $$`,
  `create trigger returns_append_only before update or delete on returns
   for each row execute function refuse_change_of_returns()`,
  // The relay changes relayed_at and nothing else.
  `create function refuse_change_of_outbox() returns trigger language plpgsql as $$
   begin
     raise exception 'outbox is append-only' using errcode = 'restrict_violation';
   end $$`,
  `create trigger outbox_append_only
   before update of position, id, type, version, order_id, user_id, at, amount_minor, currency, facts or delete or truncate on outbox
   for each statement execute function refuse_change_of_outbox()`,
];

// OR1. `+ 0` makes PostgreSQL read this order's rows by their index. While statistics are missing or old, it would prefer to scan
// the histories of all orders backwards for a row of this order. A new order has no row, so that scan would read the complete
// table.
const HISTORY_FOLLOWS = `
create function check_history() returns trigger language plpgsql as $$
declare
  last record;
begin
  select status, at into last from order_history where order_id = new.order_id order by sequence + 0 desc limit 1;
  if new.previous_status is distinct from last.status then
    raise exception 'a history continues after its last status'
      using errcode = 'check_violation', constraint = 'order_history_follows_check';
  end if;
  if new.at < last.at then
    raise exception 'a history does not go back in time' using errcode = 'check_violation', constraint = 'order_history_at_check';
  end if;
  return new;
end $$`;

// RT1. The lock on the order's line makes two writers that forgot to lock the order wait for each other.
const RETURNED_UNITS_WERE_BOUGHT = `
create function check_return_lines() returns trigger language plpgsql as $$
declare
  bought record;
  back bigint;
begin
  select line.order_id, line.quantity into bought from order_lines line join returns on returns.order_id = line.order_id
    where returns.id = new.return_id and line.product_id = new.product_id for no key update of line;
  select coalesce(sum(lines.quantity), 0) into back from return_lines lines join returns on returns.id = lines.return_id
    where returns.order_id = bought.order_id and lines.product_id = new.product_id;
  if back + new.quantity > coalesce(bought.quantity, 0) then
    raise exception 'more units than were bought cannot come back'
      using errcode = 'check_violation', constraint = 'return_lines_bought_check';
  end if;
  return new;
end $$`;

// RT3, the half that one row can show: no order is RETURNED too early.
const RETURNED_WHOLE = `
create function check_returned_orders() returns trigger language plpgsql as $$
begin
  if exists (
    select from order_lines line where line.order_id = new.id and line.quantity > coalesce((
      select sum(back.quantity) from return_lines back join returns on returns.id = back.return_id
      where returns.order_id = new.id and back.product_id = line.product_id and returns.completed_at is not null), 0)
  ) then
    raise exception 'an order is returned when every unit is back'
      using errcode = 'check_violation', constraint = 'orders_returned_whole_check';
  end if;
  return null;
end $$`;

export const CHECKS = [
  HISTORY_FOLLOWS,
  'create trigger order_history_follows_check before insert on order_history for each row execute function check_history()',
  RETURNED_UNITS_WERE_BOUGHT,
  'create trigger return_lines_bought_check before insert on return_lines for each row execute function check_return_lines()',
  RETURNED_WHOLE,
  // At the commit: the unit of work may write the order before the return that completes it.
  `create constraint trigger orders_returned_whole_check after update of status on orders deferrable initially deferred
   for each row when (new.status = 'RETURNED' and old.status <> 'RETURNED') execute function check_returned_orders()`,
];
