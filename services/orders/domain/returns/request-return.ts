import { violatedUnique } from '../../../../platform/persistence/retry.ts';
import { returnIdTaken } from '../errors.ts';
import { lockOrder } from '../lock-order.ts';
import type { ReturnRequest } from '../order.ts';
import type { Work } from '../work.ts';
import type { AgreedReturn } from './refunds.ts';

/** Takes units of a shipped order back and says what they are worth. A return id belongs to one request. */
export async function requestReturn(
  { em }: Work,
  { orderId, ...request }: { readonly orderId: string } & ReturnRequest,
): Promise<AgreedReturn & { readonly currency: string }> {
  const { order, now } = await lockOrder(em, orderId);
  await em.populate(order, ['lines', 'returns.lines']);
  const agreed = order.requestReturn(request, now);
  try {
    // The id may be taken by a return of another order, which only the primary key shows.
    await em.flush();
  } catch (error: unknown) {
    if (violatedUnique(error) !== 'returns_pkey') throw error;
    throw returnIdTaken(request.returnId);
  }
  return { ...agreed, currency: order.totals?.currency ?? '' };
}
