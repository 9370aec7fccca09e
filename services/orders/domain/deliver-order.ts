import { lockOrder } from './lock-order.ts';
import type { Work } from './work.ts';

/** `deliveredAt` undefined: now. */
export type Delivery = { readonly orderId: string; readonly deliveredAt?: Date | undefined; readonly actorId: string | null };

/** SHIPPED → DELIVERED. */
export async function deliverOrder({ em }: Work, { orderId, deliveredAt, actorId }: Delivery): Promise<void> {
  const { order, now } = await lockOrder(em, orderId);
  order.deliver(deliveredAt, { actorId, note: '' }, now);
}
