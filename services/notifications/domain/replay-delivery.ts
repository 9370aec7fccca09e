import { LockMode } from '@mikro-orm/postgresql';
import type { Transaction } from '../../../platform/persistence/database.ts';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Delivery } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { refused } from './errors.ts';
import { lockLog } from './event-log.ts';
import type { ListedDelivery } from './list-deliveries.ts';

/** Makes a delivery due again, whatever its state, under the same event id. An attempt that is in flight goes on. */
export async function replayDelivery({ em }: Pick<Transaction, 'em'>, deliveryId: string): Promise<ListedDelivery> {
  const delivery = await em.findOne(Delivery, deliveryId, { populate: ['event', 'receiver'] });
  if (!delivery) throw refused('not_found', 'No such delivery', { delivery_id: deliveryId });
  const { streamId, receiver } = delivery;
  // The locks, in the order of every writer: the log, under which queues begin, the queue, and the delivery.
  await lockLog(em);
  const found = await em.findOne(DeliveryQueue, { receiverId: receiver.id, streamId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  await em.refresh(receiver);
  await em.refresh(delivery);
  delivery.replay();
  const now = await databaseNow(em);
  const queue = found ?? em.create(DeliveryQueue, { receiverId: receiver.id, streamId, dueAt: now });
  queue.hasten(now);
  return { delivery, dueAt: queue.dueAt };
}
