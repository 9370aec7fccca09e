/**
 * The outbox of a service: one row per event, written by the transaction that makes the change. Only `relayed_at` ever changes.
 * `order_id` is null for an event of a user. `position` orders the events of one order, because a transaction that changes an
 * order or a payment holds its row lock.
 */
export const OUTBOX_TABLE = `
create table outbox (
  position bigint generated always as identity primary key,
  id uuid not null constraint outbox_id_once unique,
  type text not null,
  version integer not null default 1,
  order_id uuid,
  user_id uuid not null,
  at timestamptz(3) not null default now(),
  amount_minor bigint,
  currency char(3),
  facts jsonb not null default '{}',
  relayed_at timestamptz,
  constraint outbox_amount_check check ((amount_minor is null) = (currency is null))
)`;

/** For the relay, which reads unrelayed events, oldest first. */
export const OUTBOX_INDEX = 'create index outbox_unrelayed on outbox (position) where relayed_at is null';
