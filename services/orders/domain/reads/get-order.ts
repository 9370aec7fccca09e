import { orderNotFound } from '../errors.ts';
import type { Work } from '../lock-order.ts';
import { Order } from '../order.ts';

/** Runs a read whose statements all see one instant. A write fails. */
export type Snapshot = <T>(read: (work: Work) => Promise<T>) => Promise<T>;

/** Everything that belongs to an order, except its events. */
export const ORDER_PARTS = ['lines', 'history', 'interventions', 'returns.lines'] as const;

/** `userId` not empty: an order of another user is not found. */
export async function getOrder(
  { em }: Work,
  { orderId, userId = '' }: { readonly orderId: string; readonly userId?: string },
): Promise<Order> {
  const where = { id: orderId, ...(userId !== '' && { userId }) };
  const order = await em.findOne(Order, where, { populate: ORDER_PARTS, strategy: 'select-in' });
  if (!order) throw orderNotFound(orderId);
  return order;
}
