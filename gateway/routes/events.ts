/** Who is told of what happens, and what became of it. For operators. */
import { type Delivery, DeliveryState, type Event, type Webhook } from '../../proto/gen/shopfast/events/v1/events.ts';
import { listEventDeliveries, listWebhooks, registerWebhook, removeWebhook, replayEventDelivery } from '../api/events.ts';
import { serve } from '../api/operation.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { requiredIdempotencyKey, scopedKey } from '../idempotency-key.ts';
import { pathId, readBody, readQuery } from '../input.ts';
import { cursorJson, moneyJson, present } from '../wire.ts';

const LIMITS = { deadlineMs: DEADLINES_MS.administer };

export function eventRoutes(router: Routes, { events }: Clients): void {
  serve(router, registerWebhook, async (ctx) => {
    const { url, event_types: eventTypes, secret: given = '' } = await readBody(ctx, registerWebhook.body);
    requiredIdempotencyKey(ctx, 'webhook');
    const registration = { idempotencyKey: scopedKey(ctx, 'register-webhook'), url, eventTypes, secret: given };
    const { webhook, secret } = await events.calls.registerWebhook(registration, LIMITS);
    ctx.status = 201;
    ctx.body = { ...webhookJson(present(webhook, 'a webhook')), secret };
  });

  serve(router, listWebhooks, async (ctx) => {
    const { webhooks } = await events.calls.listWebhooks({}, LIMITS);
    ctx.body = { items: webhooks.map(webhookJson), next_cursor: null };
  });

  serve(router, removeWebhook, async (ctx) => {
    await events.calls.removeWebhook({ webhookId: pathId(ctx) }, LIMITS);
    ctx.status = 204;
  });

  serve(router, listEventDeliveries, async (ctx) => {
    const { state, webhook_id: webhookId = '', order_id: orderId = '', ...page } = readQuery(ctx, listEventDeliveries.query);
    const { limit: pageSize, cursor } = page;
    const list = { state: state ? STATE_BY_NAME[state] : DeliveryState.DELIVERY_STATE_UNSPECIFIED, webhookId, orderId };
    const found = await events.calls.listDeliveries({ ...list, pageSize, cursor }, LIMITS);
    ctx.body = { items: found.deliveries.map(deliveryJson), next_cursor: cursorJson(found.nextCursor) };
  });

  serve(router, replayEventDelivery, async (ctx) => {
    const { delivery } = await events.calls.replayDelivery({ deliveryId: pathId(ctx) }, LIMITS);
    ctx.body = deliveryJson(present(delivery, 'a delivery'));
  });
}

const STATE_BY_NAME = {
  pending: DeliveryState.DELIVERY_STATE_PENDING,
  delivered: DeliveryState.DELIVERY_STATE_DELIVERED,
  dead: DeliveryState.DELIVERY_STATE_DEAD,
} as const;

const NAME_BY_STATE: Readonly<Record<DeliveryState, keyof typeof STATE_BY_NAME | undefined>> = {
  DELIVERY_STATE_UNSPECIFIED: undefined,
  DELIVERY_STATE_PENDING: 'pending',
  DELIVERY_STATE_DELIVERED: 'delivered',
  DELIVERY_STATE_DEAD: 'dead',
};

function webhookJson({ id, url, eventTypes, createdAt }: Webhook) {
  return { id, url, event_types: eventTypes, created_at: present(createdAt, 'a time') };
}

function deliveryJson({ id, event, webhookId, state, attempts, lastError, nextAttemptAt, settledAt }: Delivery) {
  return {
    id,
    event: eventJson(present(event, 'an event')),
    webhook_id: webhookId || null,
    state: present(NAME_BY_STATE[state], 'a state'),
    attempts,
    last_error: lastError || null,
    next_attempt_at: state === 'DELIVERY_STATE_PENDING' ? present(nextAttemptAt, 'a time') : null,
    settled_at: settledAt ?? null,
  };
}

function eventJson({ id, type, orderId, userId, sequence, at, amount, facts }: Event) {
  return {
    id,
    type,
    order_id: orderId,
    user_id: userId,
    sequence,
    at: present(at, 'a time'),
    ...(amount ? { amount: moneyJson(amount) } : {}),
    facts,
  };
}
