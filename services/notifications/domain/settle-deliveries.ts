import type { Sql } from '../../../platform/persistence/sql.ts';
import type { DeliveryStore, Leased, Settlement } from './delivery-store.ts';
import type { Retries } from './retries.ts';

export type SettlementOutcome = 'counted' | 'lease lost' | 'unknown';

/**
 * Records the outcomes of claimed deliveries (DL3, DL4 of claim-deliveries.ts); one answer per settlement in their order. Repeating a
 * settlement changes nothing; of several under one lease the first counts.
 */
export async function settleDeliveries(
  sql: Sql,
  { store, retries }: { readonly store: Pick<DeliveryStore, 'settle' | 'settledLeases'>; readonly retries: Retries },
  settlements: readonly Settlement[],
): Promise<SettlementOutcome[]> {
  const first = new Map(settlements.toReversed().map((settlement) => [nameOf(settlement), settlement]));
  const settled = new Set((await store.settle(sql, [...first.values()], retries)).map(nameOf));
  const others = settlements.filter((settlement) => !settled.has(nameOf(settlement)));
  const leases =
    others.length === 0
      ? new Map()
      : await store.settledLeases(
          sql,
          others.map(({ deliveryId }) => deliveryId),
        );
  return settlements.map((settlement) => {
    if (settled.has(nameOf(settlement)) || leases.get(settlement.deliveryId) === settlement.leaseId) return 'counted';
    return leases.has(settlement.deliveryId) ? 'lease lost' : 'unknown';
  });
}

function nameOf({ deliveryId, leaseId }: Leased): string {
  return `${deliveryId} ${leaseId}`;
}
