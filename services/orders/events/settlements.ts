/** What came of deliveries that were claimed (DL3, DL4 of deliveries.ts). */
import { retryConflicts } from '../../../platform/persistence/retry.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { Retries } from './retries.ts';

export type Settlement = {
  readonly deliveryId: string;
  readonly leaseId: string;
  /** Empty: it arrived. */
  readonly error: string;
  readonly permanent: boolean;
};

export type SettlementOutcome = 'counted' | 'lease lost' | 'unknown';

// What waits behind it is not looked at before it is its turn: otherwise all of it would be, whenever somebody claims. It is
// written only where that changes something, which is when there was a failure. Counting nulls keeps PostgreSQL from reading all
// that is out to find the few. Planned before there are statistics, the whole table would be read for more than one: under a limit
// that planning does not know (there is none), one is expected, and each is looked up by its id.
const SETTLE = `
with told as (
  select distinct on (delivery_id, lease_id) * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])
    with ordinality as given (delivery_id, lease_id, error, permanent, place)
  order by delivery_id, lease_id, place limit (select null::bigint)
), settled as (
  update event_deliveries set attempts = attempts + 1, last_error = error, leased_until = null,
    failures = case when error = '' then failures else failures + 1 end,
    state = case when error = '' then 'delivered' when permanent or failures + 1 >= $7::integer then 'dead' else 'pending' end,
    settled_at = case when error = '' or permanent or failures + 1 >= $7 then now() end,
    next_attempt_at = case when error = '' then next_attempt_at
      else now() + least($6::double precision, $5::double precision * 2 ^ least(failures, 30)) * interval '1 millisecond' end
  from told
  where event_deliveries.id = told.delivery_id and event_deliveries.lease_id = told.lease_id and num_nulls(leased_until) = 0
  returning id, event_deliveries.lease_id, receiver_id, order_id, state, next_attempt_at
), behind as (
  update event_deliveries waiting
  set next_attempt_at = case settled.state when 'pending' then settled.next_attempt_at else now() end
  from settled
  where waiting.receiver_id = settled.receiver_id and waiting.order_id = settled.order_id and waiting.state = 'pending'
    and waiting.id <> settled.id and waiting.leased_until is null
    and case settled.state when 'pending' then waiting.next_attempt_at < settled.next_attempt_at
      else waiting.next_attempt_at > now() end
)
select id, lease_id as "leaseId" from settled`;

/**
 * What came of it, one outcome per settlement in their order. Repeating a settlement changes nothing; of several under one lease the
 * first counts.
 */
export async function settleDeliveries(
  sql: Sql,
  settlements: readonly Settlement[],
  { firstMs, capMs, attemptsMax }: Retries,
): Promise<SettlementOutcome[]> {
  const told = [
    settlements.map(({ deliveryId }) => deliveryId),
    settlements.map(({ leaseId }) => leaseId),
    settlements.map(({ error }) => error),
    settlements.map(({ permanent }) => permanent),
  ];
  const settled = await retryConflicts(() => sql.query<Leased>(SETTLE, [...told, firstMs, capMs, attemptsMax]));
  const counted = new Set(settled.map(nameOf));
  const others = settlements.filter(({ deliveryId: id, leaseId }) => !counted.has(nameOf({ id, leaseId })));
  const known = await leasesOf(sql, others);
  return settlements.map(({ deliveryId: id, leaseId }) => {
    if (counted.has(nameOf({ id, leaseId })) || known.get(id) === leaseId) return 'counted';
    return known.has(id) ? 'lease lost' : 'unknown';
  });
}

type Leased = { readonly id: string; readonly leaseId: string };

function nameOf({ id, leaseId }: Leased): string {
  return `${id} ${leaseId}`;
}

/** Whose each is now, or was at last; null: nobody's yet. */
async function leasesOf(sql: Sql, settlements: readonly Settlement[]): Promise<ReadonlyMap<string, string | null>> {
  if (settlements.length === 0) return new Map();
  const rows = await sql.query<{ id: string; leaseId: string | null }>(
    'select id, lease_id as "leaseId" from event_deliveries where id = any ($1::uuid[])',
    [settlements.map(({ deliveryId }) => deliveryId)],
  );
  return new Map(rows.map(({ id, leaseId }) => [id, leaseId]));
}
