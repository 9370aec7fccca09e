/** The set-based statements of notifications, and the only writers of what they write (DL1 to DL4 of domain/claim-deliveries.ts). */
import { retryConflicts } from '../../../platform/persistence/retry.ts';
import type { DeliveryStore } from '../domain/delivery-store.ts';

// In the order of the log, and for each event in the order in which receivers were added. Runs under the lock of the log, so that
// positions are numbered by one transaction at a time.
const PLAN = `
insert into deliveries (id, position, event_id, receiver_id, stream_id, sequence)
select gen_random_uuid(),
  (select coalesce(max(position), 0) from deliveries)
    + row_number() over (order by event.position, receiver.created_at, receiver.id),
  event.id, receiver.id, event.stream_id, event.sequence
from events event join receivers receiver
  on receiver.until_position is null and (receiver.event_types = '{}' or event.type = any (receiver.event_types))
where event.position > $1`;

// Deliveries of one receiver that are in flight, at most: half of those of a dispatcher (activities/events/deliveries.ts), so that
// a receiver that never answers leaves the other half to the others.
const IN_FLIGHT_MAX = 50;

// Receivers take turns, and a delivery in flight counts as a turn: a slow receiver with a backlog delays no other, even if only one
// delivery fits in. Rows are locked so that concurrent claims pass over them; the key of delivery_leases upholds DL2.
const LEASE = `
with in_flight as (
  select receiver_id, count(*) as deliveries from delivery_leases where leased_until > now() group by receiver_id
),
due as (
  select next.*, coalesce(in_flight.deliveries, 0)
    + row_number() over (partition by next.receiver_id order by next.next_attempt_at, next.position) as turn
  from receivers receiver
  left join in_flight on in_flight.receiver_id = receiver.id
  cross join lateral (
    select id, position, receiver_id, stream_id, next_attempt_at from deliveries delivery
    where receiver_id = receiver.id and state = 'pending' and next_attempt_at <= now()
      and sequence = (
        select min(sequence) from deliveries
        where receiver_id = delivery.receiver_id and stream_id = delivery.stream_id and state = 'pending')
      and not exists (
        select from delivery_leases
        where receiver_id = delivery.receiver_id and stream_id = delivery.stream_id and leased_until > now())
    order by next_attempt_at limit ${IN_FLIGHT_MAX} for update skip locked
  ) as next
  where receiver.until_position is null
),
chosen as (
  select * from due where turn <= ${IN_FLIGHT_MAX} order by turn, next_attempt_at, position limit $1
)
insert into delivery_leases as lease (receiver_id, stream_id, delivery_id, lease_id, leased_until)
select receiver_id, stream_id, id, $2, now() + $3 * interval '1 millisecond' from chosen
on conflict (receiver_id, stream_id) do update
  set delivery_id = excluded.delivery_id, lease_id = excluded.lease_id, leased_until = excluded.leased_until
  where lease.leased_until <= now()
returning lease.delivery_id`;

// The next deliveries of a stream become due with the one before them: until then no claim looks at them.
const SETTLE = `
with given as (
  select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[]) as given (delivery_id, lease_id, error, permanent)
),
released as (
  delete from delivery_leases lease using given
  where lease.delivery_id = given.delivery_id and lease.lease_id = given.lease_id
  returning given.*
),
settled as (
  update deliveries
  set attempts = attempts + 1, last_error = error, settled_lease_id = lease_id,
    failures = case when error = '' then failures else failures + 1 end,
    state = case when error = '' then 'delivered' when permanent or failures + 1 >= $7 then 'dead' else 'pending' end,
    settled_at = case when error = '' or permanent or failures + 1 >= $7 then now() end,
    next_attempt_at = case when error = '' then next_attempt_at
      else now() + least($6::float8, $5::float8 * 2 ^ least(failures, 30)) * interval '1 millisecond' end
  from released where deliveries.id = released.delivery_id
  returning deliveries.*
),
next as (
  update deliveries waiting
  set next_attempt_at = case settled.state when 'pending' then settled.next_attempt_at else now() end
  from settled
  where waiting.receiver_id = settled.receiver_id and waiting.stream_id = settled.stream_id and waiting.state = 'pending'
    and waiting.id <> settled.id
    and case settled.state when 'pending' then waiting.next_attempt_at < settled.next_attempt_at
      else waiting.next_attempt_at > now() end
)
select id as "deliveryId", settled_lease_id as "leaseId" from settled`;

const SETTLED_LEASES = `
select delivery.id, case when lease.lease_id is null then delivery.settled_lease_id end as "leaseId"
from deliveries delivery left join delivery_leases lease on lease.delivery_id = delivery.id
where delivery.id = any ($1::uuid[])`;

export const deliveryStore: DeliveryStore = {
  async plan(sql, afterPosition) {
    await sql.query(PLAN, [afterPosition]);
  },

  async lease(sql, { limit, leaseId, leaseMs }) {
    return (await sql.query(LEASE, [limit, leaseId, leaseMs])).length;
  },

  settle(sql, settlements, { firstMs, capMs, attemptsMax }) {
    const columns = [
      settlements.map(({ deliveryId }) => deliveryId),
      settlements.map(({ leaseId }) => leaseId),
      settlements.map(({ error }) => error),
      settlements.map(({ permanent }) => permanent),
    ];
    return retryConflicts(() => sql.query(SETTLE, [...columns, firstMs, capMs, attemptsMax]));
  },

  async settledLeases(sql, deliveryIds) {
    const rows = await sql.query<{ id: string; leaseId: string | null }>(SETTLED_LEASES, [deliveryIds]);
    return new Map(rows.map(({ id, leaseId }) => [id, leaseId]));
  },
};
