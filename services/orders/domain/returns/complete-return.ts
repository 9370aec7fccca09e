import { lockOrder } from '../lock-order.ts';
import type { Work } from '../work.ts';

/** The money and the goods of a return are back; the order is RETURNED when nothing is left to come back. */
export async function completeReturn(
  { em }: Work,
  { orderId, returnId }: { readonly orderId: string; readonly returnId: string },
): Promise<void> {
  const { order, now } = await lockOrder(em, orderId);
  await em.populate(order, ['lines', 'returns.lines']);
  order.completeReturn(returnId, now);
}
