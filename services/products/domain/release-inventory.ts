import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Reservation } from './reservation.ts';
import type { Stock } from './stock.ts';

/**
 * Undoes a reservation. Returns false when there is nothing to give back. Refuses with `illegal_transition` when the stock was
 * shipped.
 */
export async function releaseInventory(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  orderId: string,
): Promise<boolean> {
  const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!reservation?.release(await databaseNow(em))) return false;
  await stock.giveBack(em, [orderId], 'release');
  return true;
}
