import { LockMode } from '@mikro-orm/postgresql';
import type { Transaction } from '../../../platform/persistence/database.ts';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Delivery } from './delivery.ts';
import { refused } from './errors.ts';

/** Makes a delivery due again, whatever its state, under the same event id. */
export async function replayDelivery({ em }: Pick<Transaction, 'em'>, deliveryId: string): Promise<Delivery> {
  const delivery = await em.findOne(Delivery, deliveryId, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!delivery) throw refused('not_found', 'No such delivery', { delivery_id: deliveryId });
  await em.populate(delivery, ['event', 'receiver']);
  delivery.replay(await databaseNow(em));
  return delivery;
}
