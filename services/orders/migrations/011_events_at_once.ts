import { Migration } from '@mikro-orm/migrations';

// Whoever takes events in waits for whoever does already: of an order that is not known here there is no row to lock. Any
// constant does, the database is our own.
const ACCEPTANCE_LOCK = 7_230_902;

// A function, so that it is one round trip and still three statements, of which each sees what was committed before it began:
// the orders are locked first, all in one order, so that the numbers that follow are those after whatever the orders' own changes
// told. What is known by its id is looked up row by row, however much there is.
const ACCEPT = `
create function accept_events(given jsonb) returns void language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(${ACCEPTANCE_LOCK});
  perform from orders
  where id = any (array(select (event ->> 'order_id')::uuid from jsonb_array_elements(given) as event))
  order by id for no key update;
  insert into events (id, type, order_id, sequence, user_id, at, amount_minor, currency, facts)
  select id, type, order_id, (select coalesce(max(sequence), 0) from events where order_id = added.order_id)
    + row_number() over (partition by order_id order by place), user_id, at, amount_minor, currency, facts
  from (
    select distinct on (id) * from jsonb_to_recordset(given) as event
      (place integer, id uuid, type text, order_id uuid, user_id uuid, at timestamptz, amount_minor bigint, currency text,
       facts jsonb)
    where (select true from events where events.id = event.id) is null
    order by id, place
  ) as added
  order by place;
end $$`;

export class EventsAtOnce extends Migration {
  override up(): void {
    this.addSql(ACCEPT);
    // What is out, by when its lease ends: what was settled leaves dead entries behind until the table is vacuumed, and by receiver
    // each claim would read all of them instead of those of a lease's time.
    this.addSql('drop index event_deliveries_out');
    this.addSql(`
      create index event_deliveries_out on event_deliveries (leased_until, receiver_id) where leased_until is not null`);
    // The list of what is pending has the indexes of what is due and of all by position. One more of it was maintained twice per
    // delivery, and taken by plans of claims that read all of it.
    this.addSql('drop index event_deliveries_not_delivered');
    this.addSql(`create index event_deliveries_dead on event_deliveries (position) where state = 'dead'`);
  }
}
