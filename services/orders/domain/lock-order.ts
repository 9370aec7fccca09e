import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { orderNotFound } from './errors.ts';
import { Order } from './order.ts';

/** Locks the order's row until the transaction ends. Returns the order and the database's time. Refuses with `not_found`. */
export async function lockOrder(em: EntityManager, orderId: string): Promise<{ order: Order; now: Date }> {
  const order = await em.findOne(Order, { id: orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!order) throw orderNotFound(orderId);
  return { order, now: await databaseNow(em) };
}
