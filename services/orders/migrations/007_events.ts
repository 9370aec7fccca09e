import { Migration } from '@mikro-orm/migrations';
import { TIME_ORDERED_ID } from '../../../platform/persistence/time-ordered-id.ts';

// An order's events are 1, 2, 3 …: who writes one holds the order's row, and who forgot to fails on the second of a number.
const EVENTS = `
create table events (
  id uuid primary key,
  -- What was told of: a row of the history or a return. Null: another service's event.
  cause text null constraint events_once unique,
  type text not null constraint events_type_check check (type ~ '^(order|return|payment)\\.[a-z_]+$'),
  order_id uuid not null,
  sequence integer not null constraint events_sequence_check check (sequence > 0),
  user_id uuid not null,
  at timestamptz(3) not null,
  amount_minor bigint null,
  currency char(3) null,
  facts jsonb not null default '{}',
  constraint events_of_order unique (order_id, sequence),
  constraint events_amount_whole_check check ((amount_minor is null) = (currency is null))
)`;

const APPEND_ONLY = `
create function refuse_change_of_events() returns trigger language plpgsql as $$
begin
  raise exception 'events is append-only' using errcode = 'restrict_violation';
end $$`;

/** A status change as an event; \`changes\` are rows of the history. */
const changeTold = (changes: string) => `
  select 'history ' || change.sequence as cause, 'order.' || lower(change.status) as type, change.order_id, orders.user_id,
    change.at, case when change.status <> 'SUBMITTED' then orders.total_minor end as amount_minor, orders.currency,
    jsonb_strip_nulls(case change.status
      when 'SHIPPED' then jsonb_build_object('carrier', orders.carrier, 'tracking_number', orders.tracking_number)
      when 'CANCELLED' then jsonb_build_object('reason', orders.failure_reason, 'failed_step', orders.failure_step,
        'payment_id', orders.payment_id)
      when 'PAID' then jsonb_build_object('payment_id', orders.payment_id)
      when 'RETURNED' then jsonb_build_object('payment_id', orders.payment_id)
      else '{}' end) as facts,
    case change.status when 'RETURNED' then 3 else 0 end as place, change.sequence as within
  from ${changes} change join orders on orders.id = change.order_id`;

/** A step of a return as an event; \`back\` is a row of returns. */
const returnTold = (step: 'requested' | 'completed', back: string) => `
  select 'return ' || back.id || ' ${step}', 'return.${step}', back.order_id, orders.user_id, back.${step}_at, back.refund_minor,
    orders.currency, jsonb_build_object('return_id', back.id), ${step === 'requested' ? 1 : 2}, 0
  from ${back} back join orders on orders.id = back.order_id`;

/** Appends what is told to the events of its order. */
const appended = (told: string) => `
  insert into events (id, cause, type, order_id, sequence, user_id, at, amount_minor, currency, facts)
  select time_ordered_id(), told.cause, told.type, told.order_id,
    (select coalesce(max(sequence), 0) from events where order_id = told.order_id)
      + row_number() over (partition by told.order_id order by told.at, told.place, told.within),
    told.user_id, told.at, told.amount_minor, case when told.amount_minor is not null then told.currency end, told.facts
  from (${told}) as told (cause, type, order_id, user_id, at, amount_minor, currency, facts, place, within)
  order by told.at, told.place, told.within`;

const TELL_CHANGES = `
create function tell_status_changes() returns trigger language plpgsql as $$
begin
  ${appended(changeTold('added'))};
  return null;
end $$`;

const TELL_RETURNS = `
create function tell_returns() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    ${appended(returnTold('requested', '(select new.*)'))};
  elsif old.completed_at is null and new.completed_at is not null then
    ${appended(returnTold('completed', '(select new.*)'))};
  end if;
  return null;
end $$`;

/** What there was before: told of, and to nobody. */
const BACKFILL = appended(
  [
    changeTold('order_history'),
    returnTold('requested', 'returns'),
    `${returnTold('completed', 'returns')} where back.completed_at is not null`,
  ].join(' union all '),
);

export class Events extends Migration {
  override up(): void {
    // An instance of before goes on writing meanwhile: what it wrote is waited for and told by the backfill, what it writes next
    // by the triggers. Nobody writes a history or a return without the order.
    this.addSql('lock table orders in exclusive mode');
    this.addSql(TIME_ORDERED_ID);
    this.addSql(EVENTS);
    this.addSql(BACKFILL);
    this.addSql(APPEND_ONLY);
    this.addSql(`
      create trigger events_append_only before update or delete or truncate on events
        for each statement execute function refuse_change_of_events()`);
    this.addSql(TELL_CHANGES);
    this.addSql(`
      create trigger order_history_told after insert on order_history referencing new table as added
        for each statement execute function tell_status_changes()`);
    this.addSql(TELL_RETURNS);
    this.addSql(`
      create trigger returns_told after insert or update of completed_at on returns
        for each row execute function tell_returns()`);
  }
}
