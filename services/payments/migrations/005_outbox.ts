import { Migration } from '@mikro-orm/migrations';
import { TIME_ORDERED_ID } from '../../../platform/persistence/time-ordered-id.ts';

const OUTBOX = `
create table outbox (
  id uuid primary key,
  -- Of one payment in the order of its changes: whoever makes one holds the payment's row.
  position bigint generated always as identity constraint outbox_position unique,
  -- What was told of: a row of the history, or a refund.
  cause text not null constraint outbox_once unique,
  type text not null constraint outbox_type_check check (type ~ '^payment\\.[a-z_]+$'),
  order_id uuid not null,
  user_id uuid not null,
  at timestamptz not null,
  amount_minor bigint not null,
  currency text not null,
  facts jsonb not null,
  relayed_at timestamptz null
)`;

const STAYS = `
create function outbox_stays() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'relayed_at' = to_jsonb(old) - 'relayed_at' then return new; end if;
  raise exception 'an event is never changed' using errcode = 'restrict_violation';
end $$`;

/**
 * A status change as an event; \`changes\` are rows of the history. Refunds are told of by themselves, with their amounts, so
 * that REFUNDING, what follows it, and every COMPLETED after the first, which is the capture, are left out.
 */
const changeTold = (changes: string) => `
  select 'history ' || change.id as cause,
    case change.status when 'PENDING' then 'payment.started' when 'COMPLETED' then 'payment.captured'
      else 'payment.' || lower(change.status) end as type,
    payments.order_id, payments.user_id, change.at, payments.amount_minor, payments.currency,
    jsonb_strip_nulls(jsonb_build_object('payment_id', payments.id,
      'reason', case when change.status in ('FAILED', 'VOIDED') then change.reason end)) as facts,
    0 as place, change.id as within
  from ${changes} change join payments on payments.id = change.payment_id
  where change.status not in ('REFUNDING', 'REFUNDED') and not (change.status = 'COMPLETED' and exists (
    select from payment_history earlier
    where earlier.payment_id = change.payment_id and earlier.status = 'COMPLETED' and earlier.id < change.id))`;

/** A step of a refund as an event; \`refund\` is a row of refunds. */
const refundTold = (step: 'started' | 'completed', refund: string) => `
  select 'refund ' || refund.key || ' ${step}', '${step === 'started' ? 'payment.refund_started' : 'payment.refunded'}',
    payments.order_id, payments.user_id, refund.${step === 'started' ? 'created_at' : 'completed_at'}, refund.amount_minor,
    payments.currency, jsonb_build_object('payment_id', payments.id, 'reason', refund.reason), ${step === 'started' ? 1 : 2}, 0
  from ${refund} refund join payments on payments.id = refund.payment_id`;

const appended = (told: string, relayedAt = 'null::timestamptz') => `
  insert into outbox (id, cause, type, order_id, user_id, at, amount_minor, currency, facts, relayed_at)
  select time_ordered_id(), cause, type, order_id, user_id, at, amount_minor, currency, facts, ${relayedAt}
  from (${told}) as told (cause, type, order_id, user_id, at, amount_minor, currency, facts, place, within)
  order by at, place, within`;

const TELL_CHANGES = `
create function tell_status_changes() returns trigger language plpgsql as $$
begin
  ${appended(changeTold('added'))};
  return null;
end $$`;

const TELL_REFUNDS = `
create function tell_refunds() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    ${appended(refundTold('started', '(select new.*)'))};
  elsif old.completed_at is null and new.completed_at is not null then
    ${appended(refundTold('completed', '(select new.*)'))};
  end if;
  return null;
end $$`;

/** What there was before is kept here and relayed to nobody: who was refunded long ago is not to be told today. */
const BACKFILL = appended(
  [
    changeTold('payment_history'),
    refundTold('started', 'refunds'),
    `${refundTold('completed', 'refunds')} where refund.completed_at is not null`,
  ].join(' union all '),
  'now()',
);

export class Outbox extends Migration {
  override up(): void {
    // An instance of before goes on writing meanwhile: what it wrote is waited for and told by the backfill, what it writes next
    // by the triggers. Nobody writes a history or a refund without the payment.
    this.addSql('lock table payments in exclusive mode');
    this.addSql(TIME_ORDERED_ID);
    this.addSql(OUTBOX);
    this.addSql(BACKFILL);
    this.addSql('create index outbox_unrelayed on outbox (position) where relayed_at is null');
    this.addSql(STAYS);
    this.addSql(`
      create trigger outbox_stays before update or delete on outbox for each row execute function outbox_stays()`);
    this.addSql(`
      create trigger outbox_stays_whole before truncate on outbox for each statement execute function outbox_stays()`);
    this.addSql(TELL_CHANGES);
    this.addSql(`
      create trigger payment_history_told after insert on payment_history referencing new table as added
        for each statement execute function tell_status_changes()`);
    this.addSql(TELL_REFUNDS);
    this.addSql(`
      create trigger refunds_told after insert or update of completed_at on refunds
        for each row execute function tell_refunds()`);
  }
}
