import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Reservation } from './reservation.ts';
import type { Stock } from './stock.ts';

/**
 * Expires holds that are past their time, oldest first, and gives their stock back. Skips holds that are locked by another
 * transaction. Returns how many it expired, at most `limit`.
 */
export async function expireHolds(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  limit: number,
): Promise<number> {
  const at = await databaseNow(em);
  const due = await em.find(
    Reservation,
    { state: 'held', expiresAt: { $lte: at } },
    { orderBy: { expiresAt: 'asc' }, limit, lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE },
  );
  if (due.length === 0) return 0;
  for (const reservation of due) reservation.expire(at);
  await em.flush();
  await stock.giveBack(
    em,
    due.map(({ orderId }) => orderId),
    'expire',
  );
  return due.length;
}
