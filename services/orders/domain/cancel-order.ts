import { lockOrder } from './lock-order.ts';
import type { Actor, Failure } from './order.ts';
import type { Work } from './work.ts';

/** Undoes the submission and CreateOrder. */
export async function cancelOrder({ em }: Work, cancellation: { readonly orderId: string } & Failure & Actor): Promise<void> {
  const { order, now } = await lockOrder(em, cancellation.orderId);
  const { actorId, note } = cancellation;
  order.cancel(cancellation, { actorId, note }, now);
}
