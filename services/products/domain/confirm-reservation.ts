import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { holdExpired } from './errors.ts';
import { Reservation } from './reservation.ts';

/** Keeps the stock of a paid order. */
export async function confirmReservation(em: EntityManager, orderId: string): Promise<void> {
  const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!reservation) throw holdExpired(orderId, 'absent');
  reservation.confirm(await databaseNow(em));
}
