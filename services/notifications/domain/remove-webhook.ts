import type { Transaction } from '../../../platform/persistence/database.ts';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { Delivery } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { refused } from './errors.ts';
import { lockLog } from './event-log.ts';
import { Receiver } from './receiver.ts';

/** Ends the webhook and its pending deliveries; an attempt in flight settles nothing any more. Repeating it changes nothing. */
export async function removeWebhook({ em }: Pick<Transaction, 'em'>, webhookId: string): Promise<void> {
  const log = await lockLog(em);
  const receiver = await em.findOne(Receiver, { id: webhookId, kind: 'webhook' });
  if (!receiver) throw refused('not_found', 'No such webhook', { webhook_id: webhookId });
  if (!receiver.active) return;
  receiver.remove(log);
  await em.flush();
  // The queues first: settlements that hold one are waited for, and their failed deliveries end below as well.
  await em.nativeDelete(DeliveryQueue, { receiverId: webhookId });
  await em.nativeUpdate(
    Delivery,
    { receiver, state: 'pending' },
    { state: 'dead', lastError: 'the webhook was removed', settledAt: await databaseNow(em) },
  );
}
