import { orderNotFound } from '../errors.ts';
import { Order } from '../order.ts';
import type { Work } from '../work.ts';

/** Everything that belongs to an order, except its events. */
export const ORDER_PARTS = ['lines', 'history', 'interventions', 'returns.lines'] as const;

/** Refuses with `not_found`, also when `userId` is given and the order belongs to another user. */
export async function getOrder(
  { em }: Work,
  { orderId, userId = '' }: { readonly orderId: string; readonly userId?: string },
): Promise<Order> {
  const where = { id: orderId, ...(userId !== '' && { userId }) };
  const order = await em.findOne(Order, where, { populate: ORDER_PARTS, strategy: 'select-in' });
  if (!order) throw orderNotFound(orderId);
  return order;
}
