import type { Transaction } from '../../../platform/persistence/database.ts';
import { refused } from './errors.ts';
import { lockLog } from './event-log.ts';
import { listWebhooks } from './list-webhooks.ts';
import { Receiver, type Webhook } from './receiver.ts';

// Active at the same time: each costs every event a row and an HTTP request.
const WEBHOOKS_MAX = 20;

/** Receives the events that are accepted from now on. */
export async function registerWebhook({ em }: Pick<Transaction, 'em'>, webhook: Webhook): Promise<Receiver> {
  const log = await lockLog(em);
  if ((await listWebhooks({ em })).length >= WEBHOOKS_MAX) {
    throw refused('quota_exceeded', `There are ${WEBHOOKS_MAX} webhooks, and no more are possible: remove one`, {
      webhooks_max: String(WEBHOOKS_MAX),
    });
  }
  const receiver = Receiver.webhook(webhook, log);
  await em.persist(receiver).flush();
  return receiver;
}
