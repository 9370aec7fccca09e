import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { orderNotFound } from './errors.ts';
import { type Decision, Order } from './order.ts';
import type { Work } from './work.ts';

/** Keeps what an operator did to the undos of a parked order. Changes nothing else, so it takes no lock. */
export async function recordIntervention(
  { em }: Work,
  { orderId, ...decision }: { readonly orderId: string } & Decision,
): Promise<void> {
  const order = await em.findOne(Order, { id: orderId });
  if (!order) throw orderNotFound(orderId);
  order.recordIntervention(decision, await databaseNow(em));
}
