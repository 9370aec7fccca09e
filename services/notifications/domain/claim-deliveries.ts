/**
 * Deliveries, one for each event and receiver that wants it. Those of one stream to one receiver form a queue.
 *
 * DL1 An event and its deliveries are written by one transaction (accept-events.ts).
 * DL2 Of each queue one delivery is in flight at a time, the oldest that is pending: a receiver gets the events of an order in their
 *     order.
 * DL3 Only the holder of a delivery's lease settles it (settle-deliveries.ts). An expired lease may be taken over, and counts no more
 *     then.
 * DL4 A failed delivery is retried with backoff, and is dead after its last attempt; the next one of its queue then goes on.
 * DL5 A removed webhook receives nothing more: its pending deliveries are dead (remove-webhook.ts).
 * DL6 A queue exists exactly while it has a pending delivery. Adding or settling a delivery locks its queue first.
 */
import { randomUUID } from 'node:crypto';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { ClaimedDelivery, DeliveryStore } from './delivery-store.ts';

/** Leases due deliveries to the caller. */
export function claimDeliveries(
  sql: Sql,
  store: Pick<DeliveryStore, 'claim'>,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedDelivery[]> {
  return store.claim(sql, { limit, leaseId: randomUUID(), leaseMs });
}
