import type { Finding } from '../../../platform/audit/evaluate.ts';
import { readLogPage } from '../../../platform/audit/log-page.ts';
import type { LogPosition } from '../../../platform/audit/position.ts';
import { createIdempotent } from '../../../platform/idempotency/idempotent.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import {
  type NotificationsServiceService,
  RegisterWebhookRequest,
  RegisterWebhookResponse,
} from '../../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { acceptEvents } from '../domain/accept-events.ts';
import { claimDeliveries } from '../domain/claim-deliveries.ts';
import type { DeliveryStore } from '../domain/delivery-store.ts';
import { listDeliveries } from '../domain/list-deliveries.ts';
import { listEvents } from '../domain/list-events.ts';
import { listWebhooks } from '../domain/list-webhooks.ts';
import { Receiver } from '../domain/receiver.ts';
import { registerWebhook } from '../domain/register-webhook.ts';
import { removeWebhook } from '../domain/remove-webhook.ts';
import { replayDelivery } from '../domain/replay-delivery.ts';
import type { Retries } from '../domain/retries.ts';
import { settleDeliveries } from '../domain/settle-deliveries.ts';
import type { Effect } from '../store/effects.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { toStatus } from './errors.ts';
import {
  claimedMessage,
  deliveryMessage,
  effectMessage,
  emittedEvent,
  eventMessage,
  outcomeMessage,
  webhookMessage,
} from './messages.ts';
import * as requests from './requests.ts';

export function createHandler(deps: {
  readonly database: Database;
  readonly store: DeliveryStore;
  /** Whether webhooks may be in private networks. */
  readonly privateAllowed: boolean;
  readonly retries: Retries;
  listEffects(after: LogPosition, limit: number): Promise<readonly Effect[]>;
  audit(): Promise<Finding[]>;
}): Handlers<typeof NotificationsServiceService> {
  const { database, store, retries } = deps;
  return {
    ...webhookHandlers(database, requests.registerWebhookSchema(deps)),

    async acceptEvents(request) {
      const { events } = parseRequest(requests.acceptEventsSchema, request);
      await database.transaction((transaction) => acceptEvents(transaction, store, events.map(emittedEvent)));
      return {};
    },

    async listEvents(request) {
      const { after, pageSize: size, orderId } = parseRequest(requests.listEventsSchema, request);
      const list = ['events', orderId ?? ''];
      const position = after === '' ? 0 : decodeCursor(list, after, 'after');
      const events = await listEvents(database.read(), { after: position, orderId, size });
      const last = events.at(-1)?.position ?? position;
      return { events: events.map(eventMessage), nextCursor: last === 0 ? '' : encodeCursor(list, last) };
    },

    async claimDeliveries(request) {
      const given = parseRequest(requests.claimDeliveriesSchema, request);
      const claimed = await claimDeliveries(database.sql, store, given);
      return { deliveries: claimed.map(claimedMessage) };
    },

    async settleDeliveries(request) {
      const { settlements } = parseRequest(requests.settleDeliveriesSchema, request);
      const outcomes = await settleDeliveries(database, { store, retries }, settlements);
      return { outcomes: outcomes.map(outcomeMessage) };
    },

    async listDeliveries(request) {
      const { pageSize: size, cursor, ...filters } = parseRequest(requests.listDeliveriesSchema, request);
      const list = ['deliveries', filters.state ?? '', filters.webhookId ?? '', filters.orderId ?? ''];
      const before = cursor === '' ? null : decodeCursor(list, cursor, 'cursor');
      // One more than asked for says whether there is a next page.
      const found = await listDeliveries(database.read(), filters, { before, size: size + 1 });
      const deliveries = found.slice(0, size);
      const last = deliveries.at(-1);
      return {
        deliveries: deliveries.map(deliveryMessage),
        nextCursor: last && found.length > size ? encodeCursor(list, last.delivery.position) : '',
      };
    },

    async replayDelivery(request) {
      const { deliveryId } = parseRequest(requests.replayDeliverySchema, request);
      const delivery = await database.transaction((transaction) => replayDelivery(transaction, deliveryId));
      return { delivery: deliveryMessage(delivery) };
    },

    audit: async () => ({ findings: await deps.audit() }),

    async listEffects(request) {
      const { page } = parseRequest(requests.listEffectsSchema, request);
      const { rows, nextCursor } = await readLogPage(page, deps.listEffects);
      return { effects: rows.map(effectMessage), nextCursor };
    },
  };
}

function webhookHandlers(database: Database, schema: ReturnType<typeof requests.registerWebhookSchema>) {
  const idempotent = createIdempotent(database, toStatus);
  const register = idempotent(
    { operation: 'RegisterWebhook', request: RegisterWebhookRequest, response: RegisterWebhookResponse, schema },
    async ({ url, eventTypes, secret }, transaction) => ({
      webhook: webhookMessage(await registerWebhook(transaction, { url, eventTypes, secret })),
      secret: '',
    }),
  );
  return {
    /** The stored answer has no secret: it is read where it is kept. */
    async registerWebhook(request: RegisterWebhookRequest) {
      const answer = await register(request);
      const receiver = await database.read().em.findOne(Receiver, answer.webhook?.id ?? '');
      return { ...answer, secret: receiver?.secret ?? '' };
    },

    async listWebhooks() {
      return { webhooks: (await listWebhooks(database.read())).map(webhookMessage) };
    },

    async removeWebhook(request: { readonly webhookId: string }) {
      const { webhookId } = parseRequest(requests.removeWebhookSchema, request);
      await database.transaction((transaction) => removeWebhook(transaction, webhookId));
      return {};
    },
  };
}
