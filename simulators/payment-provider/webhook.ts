/** Posts the provider's events to the shop, signed, until each is taken. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../platform/telemetry/logs.ts';
import { createPost } from '../../platform/webhooks/post.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';
import { type ProviderEvent, postpone, removeDelivered, takeDue } from './store/events.ts';
import type { Store } from './store/open.ts';

// Milliseconds between two looks at the store: an event reaches the shop within about a second.
const LOOK_EVERY_MS = 500;
// Events of one look; they are posted one after the other.
const BATCH = 20;
// Milliseconds of a lease: above the time limit of every post of a batch.
const LEASE_MS = 240_000;
// Milliseconds from the first failure to the next attempt; doubles with each failure, up to the second number.
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 300_000;

export type Webhook = { readonly url: string; readonly secret: string };

/** Sends until it is stopped. */
export function startWebhook(options: { readonly store: Store; readonly webhook: Webhook; readonly logger: Logger }) {
  const { store, webhook, logger } = options;
  const stop = new AbortController();
  // The operator of the provider names the URL: a shop on the same network is what it is for.
  const post = createPost({ privateAddresses: true });

  async function send({ id, type, charge_id, created_at, attempts }: ProviderEvent): Promise<void> {
    const body = JSON.stringify({ id, type, created_at: created_at.toISOString(), charge_id });
    const headers = {
      'Content-Type': 'application/json',
      'Provider-Signature': signatureOf({ secret: webhook.secret, body, at: new Date() }),
    };
    const posted = await post({ url: webhook.url, headers, body, signal: stop.signal });
    if (posted.ok) return removeDelivered(store, id);
    logger.warn({ event_id: id, why: posted.why }, 'An event was not delivered; it is sent again');
    await postpone(store, id, retryDelayMs(attempts));
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for (const event of await takeDue(store, { limit: BATCH, leaseMs: LEASE_MS })) await send(event);
      } catch (error: unknown) {
        if (!stop.signal.aborted) logger.warn({ error }, 'Events could not be sent');
      }
      await pause(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    async stop(): Promise<void> {
      stop.abort();
      await running;
    },
  };
}

/** Half of it is random, so that events that failed together are not sent together again. */
function retryDelayMs(attempts: number): number {
  const most = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempts - 1));
  return Math.round(most * (0.5 + Math.random() / 2));
}
