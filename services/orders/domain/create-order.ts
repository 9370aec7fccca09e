import { lockOrder } from './lock-order.ts';
import { type Charges, type PricedLine, type Totals, totalsOf } from './totals.ts';
import type { Work } from './work.ts';

/** Saga step 3: SUBMITTED → CREATED → RESERVED. The totals depend on the given prices and the charges alone. */
export async function createOrder(
  { em }: Work,
  { orderId, lines }: { readonly orderId: string; readonly lines: readonly PricedLine[] },
  charges: Charges,
): Promise<Totals> {
  const totals = totalsOf(lines, charges);
  const { order, now } = await lockOrder(em, orderId);
  await em.populate(order, ['lines']);
  order.price(lines, totals, now);
  order.reserve(now);
  return totals;
}
