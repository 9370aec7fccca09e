import { lockOrder } from './lock-order.ts';
import type { Order } from './order.ts';
import type { Work } from './work.ts';

/** Saga step 5: RESERVED → PAID. The answer has the order's lines and history. */
export async function confirmOrder(
  { em }: Work,
  { orderId, paymentId }: { readonly orderId: string; readonly paymentId: string },
): Promise<Order> {
  const { order, now } = await lockOrder(em, orderId);
  await em.populate(order, ['lines', 'history']);
  order.pay(paymentId, now);
  return order;
}
