import * as z from 'zod';
import { entityId } from '../../platform/rpc/fields.ts';
import { type Delivery, DeliveryState } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import type { Clients } from '../clients.ts';
import { eventJson, eventSchema } from '../events/event-json.ts';
import { pathId, readQuery } from '../http/input.ts';
import { cursorJson, present } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { id, page, pageInput, time } from '../http/schemas.ts';
import { OPERATORS } from '../identity/caller.ts';

type DeliveryDeps = { readonly clients: Pick<Clients, 'notifications'> };

const LIMITS = { deadlineMs: 5_000 };

const STATE_NAMES = ['pending', 'delivered', 'dead'] as const;
type StateName = (typeof STATE_NAMES)[number];

const STATE_BY_NAME: Readonly<Record<StateName, DeliveryState>> = {
  pending: DeliveryState.DELIVERY_STATE_PENDING,
  delivered: DeliveryState.DELIVERY_STATE_DELIVERED,
  dead: DeliveryState.DELIVERY_STATE_DEAD,
};

const NAME_BY_STATE: Readonly<Record<DeliveryState, StateName | undefined>> = {
  [DeliveryState.DELIVERY_STATE_UNSPECIFIED]: undefined,
  [DeliveryState.DELIVERY_STATE_PENDING]: 'pending',
  [DeliveryState.DELIVERY_STATE_DELIVERED]: 'delivered',
  [DeliveryState.DELIVERY_STATE_DEAD]: 'dead',
};

const deliverySchema = z
  .strictObject({
    id,
    event: eventSchema,
    webhook_id: id.nullable().describe('null: the mail sender.'),
    state: z.enum(STATE_NAMES),
    attempts: z.int().describe('So far.'),
    last_error: z.string().nullable().describe('Why the last attempt failed; null: it did not.'),
    next_attempt_at: time.nullable().describe('null: there is none.'),
    settled_at: time.nullable(),
  })
  .meta({ id: 'EventDelivery', description: 'One event for one receiver.' });

const query = z.strictObject({
  state: z.enum(STATE_NAMES, 'must be pending, delivered or dead').optional(),
  webhook_id: entityId.optional(),
  order_id: entityId.optional(),
  ...pageInput,
});

export const listEventDeliveries: Route<DeliveryDeps> = {
  operation: {
    id: 'listEventDeliveries',
    method: 'GET',
    path: '/v1/event-deliveries',
    tag: 'webhooks',
    summary: 'List the deliveries of events, newest first',
    access: OPERATORS,
    query,
    answers: { 200: { description: 'A page of deliveries.', schema: page(deliverySchema) } },
  },
  handler: ({ clients: { notifications } }) =>
    async function listEventDeliveriesHandler(ctx) {
      const { state, webhook_id: webhookId = '', order_id: orderId = '', limit: pageSize, cursor } = readQuery(ctx, query);
      const found = await notifications.calls.listDeliveries(
        { state: state ? STATE_BY_NAME[state] : DeliveryState.DELIVERY_STATE_UNSPECIFIED, webhookId, orderId, pageSize, cursor },
        LIMITS,
      );
      ctx.body = { items: found.deliveries.map(deliveryJson), next_cursor: cursorJson(found.nextCursor) };
    },
};

export const replayEventDelivery: Route<DeliveryDeps> = {
  operation: {
    id: 'replayEventDelivery',
    method: 'POST',
    path: '/v1/event-deliveries/:id/replay',
    tag: 'webhooks',
    summary: 'Deliver an event again',
    description:
      'Immediately, under the same event id and with a full number of attempts. Repeating this while the delivery is pending is harmless.',
    access: OPERATORS,
    answers: { 200: { description: 'The delivery, due again.', schema: deliverySchema } },
    problems: ['illegal_transition'],
  },
  handler: ({ clients: { notifications } }) =>
    async function replayEventDeliveryHandler(ctx) {
      const { delivery } = await notifications.calls.replayDelivery({ deliveryId: pathId(ctx) }, LIMITS);
      ctx.body = deliveryJson(present(delivery, 'a delivery'));
    },
};

function deliveryJson(delivery: Delivery) {
  const pending = delivery.state === DeliveryState.DELIVERY_STATE_PENDING;
  return {
    id: delivery.id,
    event: eventJson(present(delivery.event, 'an event')),
    webhook_id: delivery.webhookId || null,
    state: present(NAME_BY_STATE[delivery.state], 'a state'),
    attempts: delivery.attempts,
    last_error: delivery.lastError || null,
    next_attempt_at: pending ? present(delivery.nextAttemptAt, 'a time') : null,
    settled_at: delivery.settledAt ?? null,
  };
}
