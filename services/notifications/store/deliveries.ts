/** The set-based statements of notifications, and the only writers of what they write (DL1 to DL4 of domain/claim-deliveries.ts). */
import { retryConflicts } from '../../../platform/persistence/retry.ts';
import type { ClaimedDelivery, DeliveryStore, Leased } from '../domain/delivery-store.ts';

// In the order of the log, and for each event in the order in which receivers were added. Runs under the lock of the log, so that
// positions are numbered by one transaction at a time. A queue that is there already is locked, or its last delivery could be settled
// and the queue deleted meanwhile.
const PLAN = `
with planned as (
  insert into deliveries (id, position, event_id, receiver_id, stream_id, sequence)
  select gen_random_uuid(),
    (select coalesce(max(position), 0) from deliveries)
      + row_number() over (order by event.position, receiver.created_at, receiver.id),
    event.id, receiver.id, event.stream_id, event.sequence
  from events event join receivers receiver
    on receiver.until_position is null and (receiver.event_types = '{}' or event.type = any (receiver.event_types))
  where event.position > $1
  returning receiver_id, stream_id
)
insert into delivery_queues as queue (receiver_id, stream_id)
select distinct receiver_id, stream_id from planned order by receiver_id, stream_id
on conflict (receiver_id, stream_id) do update set due_at = queue.due_at`;

// Deliveries of one receiver that are in flight, at most: half of those of a dispatcher (activities/events/deliveries.ts), so that
// a receiver that never answers leaves the other half to the others.
const IN_FLIGHT_MAX = 50;

// Receivers take turns, and a delivery in flight counts as a turn: a slow receiver with a backlog delays no other, even if only one
// delivery fits in. Concurrent claims pass over queues that another one has locked.
const CLAIM = `
with in_flight as (
  select receiver_id, count(*) as deliveries from delivery_queues
  where lease_id is not null and due_at > now() group by receiver_id
),
due as (
  select next.*, coalesce(in_flight.deliveries, 0)
    + row_number() over (partition by next.receiver_id order by next.due_at) as turn
  from receivers receiver
  left join in_flight on in_flight.receiver_id = receiver.id
  cross join lateral (
    select receiver_id, stream_id, due_at from delivery_queues
    where receiver_id = receiver.id and due_at <= now()
    order by due_at limit ${IN_FLIGHT_MAX} for update skip locked
  ) as next
),
chosen as (
  select * from due where turn <= ${IN_FLIGHT_MAX} order by turn, due_at limit $1
),
claimed as (
  update delivery_queues queue
  set lease_id = $2::uuid, due_at = now() + $3::integer * interval '1 millisecond', delivery_id = (
    select id from deliveries
    where receiver_id = chosen.receiver_id and stream_id = chosen.stream_id and state = 'pending' order by sequence limit 1)
  from chosen where queue.receiver_id = chosen.receiver_id and queue.stream_id = chosen.stream_id
  returning queue.delivery_id, queue.lease_id, queue.due_at
)
select delivery.id as "deliveryId", claimed.lease_id as "leaseId", claimed.due_at as "leasedUntil", delivery.attempts,
  delivery.last_error as "lastError", receiver.id as "receiverId", receiver.url, receiver.secret,
  event.id, event.position, event.type, event.version, event.order_id as "orderId", event.user_id as "userId",
  event.stream_id as "streamId", event.sequence, event.at, event.amount_minor as "amountMinor", event.currency, event.facts
from claimed
join deliveries delivery on delivery.id = claimed.delivery_id
join events event on event.id = delivery.event_id
join receivers receiver on receiver.id = delivery.receiver_id
order by delivery.position`;

const HOLD = `
select queue.delivery_id as "deliveryId", queue.lease_id as "leaseId"
from unnest($1::uuid[], $2::uuid[]) as held (delivery_id, lease_id)
join deliveries delivery on delivery.id = held.delivery_id
join delivery_queues queue on queue.receiver_id = delivery.receiver_id and queue.stream_id = delivery.stream_id
  and queue.delivery_id = held.delivery_id and queue.lease_id = held.lease_id
order by queue.receiver_id, queue.stream_id for update of queue`;

const SETTLE = `
with outcome as (
  select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[]) as outcome (delivery_id, lease_id, error, permanent)
),
settled as (
  update deliveries delivery
  set attempts = attempts + 1, last_error = error, settled_lease_id = lease_id,
    failures = case when error = '' then failures else failures + 1 end,
    state = case when error = '' then 'delivered' when permanent or failures + 1 >= $7::integer then 'dead' else 'pending' end,
    settled_at = case when error = '' or permanent or failures + 1 >= $7::integer then now() end
  from outcome where delivery.id = outcome.delivery_id
  returning delivery.receiver_id, delivery.stream_id, delivery.failures, delivery.state = 'pending' as retried, exists (
    select from deliveries other
    where other.receiver_id = delivery.receiver_id and other.stream_id = delivery.stream_id and other.state = 'pending'
      and other.id <> delivery.id) as followed
),
ended as (
  delete from delivery_queues queue using settled
  where queue.receiver_id = settled.receiver_id and queue.stream_id = settled.stream_id and not retried and not followed
)
update delivery_queues queue
set delivery_id = null, lease_id = null, due_at = case when retried
  then now() + least($6::float8, $5::float8 * 2 ^ least(failures - 1, 30)) * interval '1 millisecond' else now() end
from settled
where queue.receiver_id = settled.receiver_id and queue.stream_id = settled.stream_id and (retried or followed)`;

const SETTLED_LEASES = `
select delivery.id, case when queue.lease_id is null then delivery.settled_lease_id end as "leaseId"
from deliveries delivery
left join delivery_queues queue on queue.receiver_id = delivery.receiver_id and queue.stream_id = delivery.stream_id
  and queue.delivery_id = delivery.id
where delivery.id = any ($1::uuid[])`;

export const deliveryStore: DeliveryStore = {
  async plan(sql, afterPosition) {
    await sql.query(PLAN, [afterPosition]);
  },

  async claim(sql, { limit, leaseId, leaseMs }) {
    return (await retryConflicts(() => sql.query<ClaimRow>(CLAIM, [limit, leaseId, leaseMs]))).map(claimedDelivery);
  },

  hold(sql, leases) {
    return sql.query<Leased>(HOLD, [leases.map(({ deliveryId }) => deliveryId), leases.map(({ leaseId }) => leaseId)]);
  },

  async settle(sql, settlements, { firstMs, capMs, attemptsMax }) {
    const columns = [
      settlements.map(({ deliveryId }) => deliveryId),
      settlements.map(({ leaseId }) => leaseId),
      settlements.map(({ error }) => error),
      settlements.map(({ permanent }) => permanent),
    ];
    await sql.query(SETTLE, [...columns, firstMs, capMs, attemptsMax]);
  },

  async settledLeases(sql, deliveryIds) {
    const rows = await sql.query<{ id: string; leaseId: string | null }>(SETTLED_LEASES, [deliveryIds]);
    return new Map(rows.map(({ id, leaseId }) => [id, leaseId]));
  },
};

type ClaimRow = Omit<ClaimedDelivery, 'event' | 'leasedUntil'> &
  Omit<ClaimedDelivery['event'], 'at' | 'position' | 'amountMinor'> & {
    readonly leasedUntil: string;
    readonly at: string;
    readonly position: string;
    readonly amountMinor: string | null;
  };

/** Amounts and positions as numbers: none is beyond 2^53 - 1. */
function claimedDelivery(row: ClaimRow): ClaimedDelivery {
  const { deliveryId, leaseId, attempts, lastError, receiverId, url, secret, ...others } = row;
  const { leasedUntil, at, position, amountMinor, ...event } = others;
  return {
    ...{ deliveryId, leaseId, attempts, lastError, receiverId, url, secret },
    leasedUntil: new Date(leasedUntil),
    event: {
      ...event,
      at: new Date(at),
      position: Number(position),
      amountMinor: amountMinor === null ? null : Number(amountMinor),
    },
  };
}
