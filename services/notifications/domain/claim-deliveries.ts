/**
 * Deliveries, one for each event and receiver that wants it.
 *
 * DL1 An event and its deliveries are written by one transaction (accept-events.ts).
 * DL2 Of each stream and receiver one delivery is in flight at a time, the oldest that is pending: a receiver gets the events of an
 *     order in their order.
 * DL3 Only the holder of a delivery's lease settles it (settle-deliveries.ts). An expired lease may be taken over, and counts no more
 *     then.
 * DL4 A failed delivery is retried with backoff, and is dead after its last attempt; the next one of its stream then goes on.
 * DL5 A removed webhook receives nothing more: its pending deliveries are dead (remove-webhook.ts).
 */
import { randomUUID } from 'node:crypto';
import type { Transaction } from '../../../platform/persistence/database.ts';
import type { DeliveryStore } from './delivery-store.ts';
import { Lease } from './lease.ts';

/** Leases due deliveries to the caller, with their events and receivers. */
export async function claimDeliveries(
  { em, sql }: Transaction,
  store: Pick<DeliveryStore, 'lease'>,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<Lease[]> {
  const leaseId = randomUUID();
  const leased = await store.lease(sql, { limit, leaseId, leaseMs });
  if (leased === 0) return [];
  return em.find(
    Lease,
    { leaseId },
    { populate: ['delivery.event', 'delivery.receiver'], orderBy: { delivery: { position: 'asc' } } },
  );
}
