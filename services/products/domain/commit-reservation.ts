import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { illegalTransition } from './errors.ts';
import { Reservation } from './reservation.ts';
import type { Stock } from './stock.ts';

/** Ships a paid order: its stock leaves the building, once. */
export async function commitReservation(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  orderId: string,
): Promise<void> {
  const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!reservation) throw illegalTransition(orderId, { current: 'absent', attempted: 'committed' });
  if (reservation.commit(await databaseNow(em))) await stock.takeOut(em, orderId);
}
