import type { EntityManager } from '@mikro-orm/postgresql';
import type { Transaction } from '../../../platform/persistence/database.ts';
import { Delivery, type DeliveryState } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';

/** The list of the deliveries that match every filter; null: any. */
export type DeliveryFilters = {
  readonly state: DeliveryState | null;
  readonly webhookId: string | null;
  readonly orderId: string | null;
};

/** A delivery with its event and receiver. `dueAt` is that of its queue; null: it is in none. */
export type ListedDelivery = { readonly delivery: Delivery; readonly dueAt: Date | null };

/** Those before a position, newest first. */
export async function listDeliveries(
  { em }: Pick<Transaction, 'em'>,
  { state, webhookId, orderId }: DeliveryFilters,
  { before, size }: { readonly before: number | null; readonly size: number },
): Promise<ListedDelivery[]> {
  const deliveries = await em.find(
    Delivery,
    {
      ...(before === null ? {} : { position: { $lt: before } }),
      ...(state === null ? {} : { state }),
      ...(webhookId === null ? {} : { receiver: webhookId }),
      ...(orderId === null ? {} : { streamId: orderId }),
    },
    { populate: ['event', 'receiver'], orderBy: { position: 'desc' }, limit: size },
  );
  const dueAt = await dueTimes(em, deliveries);
  return deliveries.map((delivery) => ({ delivery, dueAt: dueAt.get(`${delivery.receiver.id} ${delivery.streamId}`) ?? null }));
}

async function dueTimes(em: EntityManager, deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, Date>> {
  const pending = deliveries.filter(({ state }) => state === 'pending');
  const queues = await em.find(DeliveryQueue, {
    receiverId: { $in: [...new Set(pending.map(({ receiver }) => receiver.id))] },
    streamId: { $in: [...new Set(pending.map(({ streamId }) => streamId))] },
  });
  return new Map(queues.map(({ receiverId, streamId, dueAt }) => [`${receiverId} ${streamId}`, dueAt]));
}
