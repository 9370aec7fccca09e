import { lockOrder, type Work } from './lock-order.ts';

/** `deliveredAt` undefined: now. */
export type Delivery = { readonly orderId: string; readonly deliveredAt?: Date | undefined; readonly actorId: string | null };

/** SHIPPED → DELIVERED. */
export async function deliverOrder({ em }: Work, { orderId, deliveredAt, actorId }: Delivery): Promise<void> {
  const { order, now } = await lockOrder(em, orderId);
  order.deliver(deliveredAt, { actorId, note: '' }, now);
}
