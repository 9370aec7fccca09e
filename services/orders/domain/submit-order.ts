import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Order, type Submission } from './order.ts';
import type { Work } from './work.ts';

/** Stores a new order, before its saga starts. */
export async function submitOrder({ em }: Work, submission: Submission): Promise<Order> {
  const order = new Order(submission, await databaseNow(em));
  em.persist(order);
  return order;
}
