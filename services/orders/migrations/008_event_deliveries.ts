import { Migration } from '@mikro-orm/migrations';

// The sender of notifications is a receiver like any other, but the only one without a URL.
const RECEIVERS = `
create table event_receivers (
  id uuid primary key,
  kind text not null constraint event_receivers_kind_check check (kind in ('webhook', 'notifications')),
  url text null,
  -- What is signed with; gone with the webhook.
  secret text null,
  -- Empty: all.
  event_types text[] not null default '{}',
  created_at timestamptz(3) not null default now(),
  removed_at timestamptz(3) null,
  constraint event_receivers_url_check check ((kind = 'webhook') = (url is not null)),
  constraint event_receivers_secret_check check ((kind = 'webhook' and removed_at is null) = (secret is not null))
)`;

// No foreign key to the receiver: it would make every order that is paid lock the one row of the notification sender.
const DELIVERIES = `
create table event_deliveries (
  id uuid primary key,
  position bigint generated always as identity constraint event_deliveries_position unique,
  event_id uuid not null constraint event_deliveries_event_id_foreign references events (id),
  receiver_id uuid not null,
  order_id uuid not null,
  sequence integer not null,
  state text not null default 'pending' constraint event_deliveries_state_check check (state in ('pending', 'delivered', 'dead')),
  -- All that were settled, and those that failed since it was due for the first time, or again.
  attempts integer not null default 0,
  failures integer not null default 0,
  last_error text not null default '',
  next_attempt_at timestamptz not null default now(),
  -- Whose settlement counts; stays after it. leased_until is null when nobody is at work.
  lease_id uuid null,
  leased_until timestamptz null,
  settled_at timestamptz null,
  constraint event_deliveries_once unique (event_id, receiver_id),
  constraint event_deliveries_settled_check check ((state = 'pending') = (settled_at is null)),
  constraint event_deliveries_leased_check check (leased_until is null or (state = 'pending' and lease_id is not null))
)`;

// In the transaction of the event: it is never there without its deliveries, and no commit that comes late is overlooked.
const PLAN = `
create function plan_deliveries() returns trigger language plpgsql as $$
begin
  insert into event_deliveries (id, event_id, receiver_id, order_id, sequence)
  select time_ordered_id(), added.id, receiver.id, added.order_id, added.sequence
  from added join event_receivers receiver
    on receiver.removed_at is null and (receiver.event_types = '{}' or added.type = any (receiver.event_types))
  order by added.order_id, added.sequence, receiver.created_at, receiver.id;
  return null;
end $$`;

export class EventDeliveries extends Migration {
  override up(): void {
    this.addSql(RECEIVERS);
    this.addSql(`
      create unique index event_receivers_one_sender on event_receivers (kind) where kind = 'notifications'`);
    // What a customer is told of.
    this.addSql(`
      insert into event_receivers (id, kind, event_types) values (
        time_ordered_id(), 'notifications', '{order.paid,order.cancelled,order.shipped,payment.refunded}')`);
    this.addSql(DELIVERIES);
    // What a receiver is to be told next, and what of an order comes before it.
    this.addSql(`
      create index event_deliveries_due on event_deliveries (receiver_id, next_attempt_at) where state = 'pending'`);
    this.addSql(`
      create index event_deliveries_in_order on event_deliveries (receiver_id, order_id, sequence) where state = 'pending'`);
    // The lists, newest first.
    this.addSql('create index event_deliveries_of_order on event_deliveries (order_id, position)');
    this.addSql('create index event_deliveries_of_receiver on event_deliveries (receiver_id, position)');
    this.addSql(`
      create index event_deliveries_not_delivered on event_deliveries (state, position) where state <> 'delivered'`);
    this.addSql(PLAN);
    this.addSql(`
      create trigger events_planned after insert on events referencing new table as added
        for each statement execute function plan_deliveries()`);
  }
}
