/**
 * Who is to be told what, and what became of it.
 *
 * DL1 An event and its deliveries are written by one transaction, that of the change itself (migrations 007 and 008).
 * DL2 Of each order and receiver one delivery is out at a time, the oldest that is not settled: nobody is told out of order.
 * DL3 A delivery is settled (settlements.ts) by whoever holds its lease; a lease that ran out may be taken over, and then counts no more.
 * DL4 What failed is tried again later and later, and is dead in the end; what comes after it then goes on.
 * DL5 A removed webhook is told nothing more: what was to come is dead.
 */
import { randomUUID } from 'node:crypto';
import { retryConflicts } from '../../../platform/persistence/retry.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import { DELIVERY_JSON, type DeliveryRecord, type DeliveryRow, deliveryOf, readDelivery } from './delivery-record.ts';
import { deliveryNotFound, webhookRemoved } from './errors.ts';

export type ClaimedDelivery = {
  readonly delivery: DeliveryRecord;
  readonly leaseId: string;
  /** Null, as the secret: the notification sender. */
  readonly url: string | null;
  readonly secret: string | null;
};

/** Ends what removed webhooks were to be told (DL5), also by transactions that did not see the removal. */
export const END_FOR_REMOVED = `update event_deliveries set state = 'dead', last_error = 'the webhook was removed',
    settled_at = now(), lease_id = null, leased_until = null
  from event_receivers removed
  where removed.id = event_deliveries.receiver_id and removed.removed_at is not null and event_deliveries.state = 'pending'`;

// Whether there are any, found out first: joined beforehand, all that is pending might be read at every claim.
const ANY_OF_REMOVED = `(select exists (
    select from event_receivers removed where removed_at is not null
      and exists (select from event_deliveries where receiver_id = removed.id and state = 'pending' offset 0)))`;

// Deliveries of one receiver that are out at once, at most: half of the places of a dispatcher (activities/events/deliveries.ts),
// so that a receiver that never answers leaves the other half to the others.
const OUT_MAX = 50;

// Each receiver in its turn, and what it is being told counts as turns it had: one that is slow and has much to be told keeps
// nobody else waiting, also when there is room for one delivery at a time.
//
// It is planned once per connection, often before there are statistics, and these know of little that is pending, however much
// there is in a rush. So each part says how it is to be read:
// - What is out: between two times and up to a limit that planning does not know (there is none), few rows are expected and those
//   entries are passed that belong to nothing any more.
// - What is due: under the constant limit its index is walked along. Rows come from there one by one and are locked as they do,
//   oldest first, no more than $1 of a receiver; selects hide $1 from planning, or it would be planned anew each time.
// - What comes before it: the offset has that looked up for each. Joined, all that waits would be read for each.
const CLAIM = `
with ended as (${END_FOR_REMOVED} and ${ANY_OF_REMOVED}),
out as materialized (
  select receiver_id, count(*) as deliveries from (
    select receiver_id from event_deliveries where leased_until > now() and leased_until < 'infinity' limit (select null::bigint)
  ) as leased group by receiver_id
),
due as (
  select next.id, next.next_attempt_at,
    coalesce(out.deliveries, 0) + row_number() over (partition by receiver.id order by next.next_attempt_at) as turn
  from event_receivers receiver left join out on out.receiver_id = receiver.id cross join lateral (
    select id, next_attempt_at from (
      select id, next_attempt_at from event_deliveries delivery
      where receiver_id = receiver.id and state = 'pending' and next_attempt_at <= now()
        and (leased_until is null or leased_until <= now())
        and not exists (
          select from event_deliveries other
          where other.receiver_id = delivery.receiver_id and other.order_id = delivery.order_id and other.state = 'pending'
            and other.id <> delivery.id and (other.sequence < delivery.sequence or other.leased_until > now()) offset 0)
      order by next_attempt_at limit ${OUT_MAX} for update skip locked
    ) as oldest limit (select $1::integer)
  ) as next
  where receiver.removed_at is null
),
chosen as (select id from due where turn <= ${OUT_MAX} order by turn, next_attempt_at limit (select $1::integer)),
delivery as (
  update event_deliveries set lease_id = $2::uuid, leased_until = now() + $3::integer * interval '1 millisecond'
  from chosen where event_deliveries.id = chosen.id returning event_deliveries.*
)
select ${DELIVERY_JSON} as record, receiver.url, receiver.secret
from delivery join events event on event.id = delivery.event_id join event_receivers receiver on receiver.id = delivery.receiver_id
order by delivery.position`;

/** Deliveries that are due, at most one of each order and receiver (DL2), for whoever asks. */
export async function claimDeliveries(
  sql: Sql,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedDelivery[]> {
  const leaseId = randomUUID();
  const rows = await retryConflicts(() =>
    sql.query<{ record: DeliveryRow; url: string | null; secret: string | null }>(CLAIM, [limit, leaseId, leaseMs]),
  );
  return rows.map(({ record, url, secret }) => ({ delivery: deliveryOf(record), leaseId, url, secret }));
}

/** Due at once, with all its attempts before it again. What is at work stays so. */
export async function replayDelivery(sql: Sql, deliveryId: string): Promise<DeliveryRecord> {
  const replayed = await sql.query(
    `update event_deliveries set state = 'pending', settled_at = null, failures = 0,
       next_attempt_at = case state when 'pending' then least(next_attempt_at, now()) else now() end
     from event_receivers receiver
     where event_deliveries.id = $1::uuid and receiver.id = event_deliveries.receiver_id and receiver.removed_at is null
     returning event_deliveries.id`,
    [deliveryId],
  );
  const delivery = await readDelivery(sql, deliveryId);
  if (!delivery) throw deliveryNotFound(deliveryId);
  if (replayed.length === 0) throw webhookRemoved(delivery.webhookId ?? '');
  return delivery;
}
