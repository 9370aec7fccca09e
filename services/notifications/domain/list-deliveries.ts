import type { Transaction } from '../../../platform/persistence/database.ts';
import { Delivery, type DeliveryState } from './delivery.ts';

/** The list of the deliveries that match every filter; null: any. */
export type DeliveryFilters = {
  readonly state: DeliveryState | null;
  readonly webhookId: string | null;
  readonly orderId: string | null;
};

/** Those before a position, newest first, with their events and receivers. */
export function listDeliveries(
  { em }: Pick<Transaction, 'em'>,
  { state, webhookId, orderId }: DeliveryFilters,
  { before, size }: { readonly before: number | null; readonly size: number },
): Promise<Delivery[]> {
  return em.find(
    Delivery,
    {
      ...(before === null ? {} : { position: { $lt: before } }),
      ...(state === null ? {} : { state }),
      ...(webhookId === null ? {} : { receiver: webhookId }),
      ...(orderId === null ? {} : { event: { orderId, streamId: orderId } }),
    },
    { populate: ['event', 'receiver'], orderBy: { position: 'desc' }, limit: size },
  );
}
