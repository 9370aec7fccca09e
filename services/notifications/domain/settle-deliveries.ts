import type { Database } from '../../../platform/persistence/database.ts';
import type { DeliveryStore, Leased, Settlement } from './delivery-store.ts';
import type { Retries } from './retries.ts';

export type SettlementOutcome = 'counted' | 'lease lost' | 'unknown';

/**
 * Records the outcomes of claimed deliveries (DL3, DL4 of claim-deliveries.ts); one answer per settlement in their order. Repeating a
 * settlement changes nothing; of several under one lease the first counts.
 */
export async function settleDeliveries(
  database: Pick<Database, 'sql' | 'transaction'>,
  { store, retries }: { readonly store: DeliveryStore; readonly retries: Retries },
  settlements: readonly Settlement[],
): Promise<SettlementOutcome[]> {
  const first = new Map(settlements.toReversed().map((settlement) => [nameOf(settlement), settlement]));
  const held = await database.transaction(async ({ sql }) => {
    const names = new Set((await store.hold(sql, [...first.values()])).map(nameOf));
    // Not in one statement: it must see the deliveries that were added to a queue before its lock was granted (DL6).
    await store.settle(
      sql,
      [...first.values()].filter((settlement) => names.has(nameOf(settlement))),
      retries,
    );
    return names;
  });
  const others = settlements.filter((settlement) => !held.has(nameOf(settlement))).map(({ deliveryId }) => deliveryId);
  const leases: ReadonlyMap<string, string | null> =
    others.length === 0 ? new Map() : await store.settledLeases(database.sql, others);
  return settlements.map((settlement) => {
    if (held.has(nameOf(settlement)) || leases.get(settlement.deliveryId) === settlement.leaseId) return 'counted';
    return leases.has(settlement.deliveryId) ? 'lease lost' : 'unknown';
  });
}

function nameOf({ deliveryId, leaseId }: Leased): string {
  return `${deliveryId} ${leaseId}`;
}
