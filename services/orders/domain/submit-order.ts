import { databaseNow } from '../../../platform/persistence/database-time.ts';
import type { Work } from './lock-order.ts';
import { Order, type Submission } from './order.ts';

/** Step 0 of the saga: takes the order in. */
export async function submitOrder({ em }: Work, submission: Submission): Promise<Order> {
  const order = new Order(submission, await databaseNow(em));
  em.persist(order);
  return order;
}
