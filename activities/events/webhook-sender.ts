import { VERSION } from '../../platform/version.ts';
import type { Post } from '../../platform/webhooks/post.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import type { Send } from './sender.ts';

/** Posts an event to a webhook, signed, as docs/guides/events.md describes it. */
export function createWebhookSender(post: Post): Send {
  return ({ event, url, secret }, signal) => {
    const body = JSON.stringify(bodyOf(event));
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': `ShopFast-Webhooks/${VERSION}`,
      'ShopFast-Event-Id': event.id,
      'ShopFast-Event-Type': event.type,
      'ShopFast-Signature': signatureOf({ secret, body, at: new Date() }),
    };
    return post({ url, headers, body, signal });
  };
}

function bodyOf({ id, type, version, orderId, userId, sequence, at, amount, facts }: Event) {
  return {
    id,
    type,
    version,
    ...(orderId === '' ? {} : { order_id: orderId }),
    user_id: userId,
    sequence,
    at: at?.toISOString(),
    ...(amount ? { amount: { amount_minor: amount.amountMinor, currency: amount.currency } } : {}),
    facts,
  };
}
