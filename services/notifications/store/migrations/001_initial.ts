import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../../platform/idempotency/schema.ts';

const EVENT_LOG = `
create table event_log (
  id integer primary key constraint event_log_one_check check (id = 1),
  last_position bigint not null default 0
)`;

const EVENTS = `
create table events (
  id uuid primary key,
  position bigint not null constraint events_position_unique unique,
  type text not null constraint events_type_check check (type ~ '^(order|return|payment|user)\\.[a-z_]+$'),
  version integer not null constraint events_version_check check (version > 0),
  order_id uuid null,
  user_id uuid not null,
  stream_id uuid not null constraint events_stream_check check (stream_id = coalesce(order_id, user_id)),
  sequence integer not null constraint events_sequence_check check (sequence > 0),
  at timestamptz(3) not null,
  accepted_at timestamptz not null default clock_timestamp(),
  amount_minor bigint null,
  currency char(3) null,
  facts jsonb not null,
  constraint events_of_stream unique (stream_id, sequence),
  constraint events_amount_check check ((amount_minor is null) = (currency is null))
)`;

const EVENTS_APPEND_ONLY = `
create function refuse_change_of_events() returns trigger language plpgsql as $$
begin
  raise exception 'events is append-only' using errcode = 'restrict_violation';
end $$`;

const RECEIVERS = `
create table receivers (
  id uuid primary key,
  kind text not null constraint receivers_kind_check check (kind in ('webhook', 'mail')),
  url text null,
  secret text null,
  event_types text[] not null,
  created_at timestamptz(3) not null default now(),
  after_position bigint not null,
  until_position bigint null,
  constraint receivers_url_check check ((kind = 'webhook') = (url is not null)),
  constraint receivers_secret_check check ((kind = 'webhook' and until_position is null) = (secret is not null))
)`;

const DELIVERIES = `
create table deliveries (
  id uuid primary key,
  position bigint not null constraint deliveries_position_unique unique,
  event_id uuid not null constraint deliveries_event_id_foreign references events (id),
  receiver_id uuid not null constraint deliveries_receiver_id_foreign references receivers (id),
  stream_id uuid not null,
  sequence integer not null,
  state text not null default 'pending' constraint deliveries_state_check check (state in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0,
  failures integer not null default 0,
  last_error text not null default '',
  settled_lease_id uuid null,
  settled_at timestamptz null,
  -- Also finds the deliveries of an order, and the oldest of a queue.
  constraint deliveries_once unique (stream_id, receiver_id, sequence),
  constraint deliveries_settled_check check ((state = 'pending') = (settled_at is null))
)`;

const DELIVERY_QUEUES = `
create table delivery_queues (
  receiver_id uuid not null,
  stream_id uuid not null,
  due_at timestamptz not null default now(),
  delivery_id uuid null,
  lease_id uuid null,
  primary key (receiver_id, stream_id),
  constraint delivery_queues_leased_check check ((delivery_id is null) = (lease_id is null))
)`;

export class InitialMigration extends Migration {
  override up(): void {
    this.addSql(IDEMPOTENCY_TABLE);
    this.addSql(EVENT_LOG);
    this.addSql('insert into event_log (id) values (1)');
    this.addSql(EVENTS);
    this.addSql(EVENTS_APPEND_ONLY);
    this.addSql(`
      create trigger events_append_only before update or delete or truncate on events
        for each statement execute function refuse_change_of_events()`);
    // The effects of this service, oldest first.
    this.addSql('create index events_accepted on events (accepted_at, position)');
    this.addSql(RECEIVERS);
    this.addSql(`create unique index receivers_one_mail_sender on receivers (kind) where kind = 'mail'`);
    this.addSql(`
      insert into receivers (id, kind, event_types, after_position)
      values (gen_random_uuid(), 'mail', '{order.paid,order.cancelled,order.shipped,payment.refunded}', 0)`);
    this.addSql(DELIVERIES);
    // The lists, newest first.
    this.addSql('create index deliveries_of_receiver on deliveries (receiver_id, position)');
    this.addSql(`create index deliveries_dead on deliveries (position) where state = 'dead'`);
    this.addSql(DELIVERY_QUEUES);
    this.addSql('create index delivery_queues_due on delivery_queues (receiver_id, due_at)');
    this.addSql('create index delivery_queues_in_flight on delivery_queues (due_at) where lease_id is not null');
  }
}
