import { hashRequest } from '../../../platform/idempotency/record.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { type EventsServiceService, RegisterWebhookRequest } from '../../../proto/gen/shopfast/events/v1/events.ts';
import { acceptEvents } from './acceptance.ts';
import { claimDeliveries, replayDelivery } from './deliveries.ts';
import { listDeliveries } from './delivery-list.ts';
import { deliveryNotFound } from './errors.ts';
import { claimedMessage, deliveryMessage, outcomeMessage, webhookMessage } from './messages.ts';
import {
  acceptEventsSchema,
  claimDeliveriesSchema,
  listDeliveriesSchema,
  registerWebhookSchema,
  removeWebhookSchema,
  replayDeliverySchema,
  settleDeliveriesSchema,
  settleDeliverySchema,
} from './requests.ts';
import type { Retries } from './retries.ts';
import { settleDeliveries } from './settlements.ts';
import { listWebhooks, registerWebhook, removeWebhook } from './webhooks.ts';

export type EventsOptions = {
  /** Whether webhooks may be in private networks. */
  readonly privateAllowed: boolean;
  readonly retries: Retries;
};

export function createEventsHandler(database: Database, options: EventsOptions): Handlers<typeof EventsServiceService> {
  const { sql } = database;
  const registration = registerWebhookSchema(options);
  return {
    async registerWebhook(request) {
      const { idempotencyKey: key, ...webhook } = parseRequest(registration, request);
      const requestHash = hashRequest(RegisterWebhookRequest.encode(request).finish());
      return registerWebhook(database, { key, requestHash, ...webhook });
    },

    async listWebhooks() {
      return { webhooks: (await listWebhooks(sql)).map(webhookMessage) };
    },

    async removeWebhook(request) {
      await removeWebhook(database, parseRequest(removeWebhookSchema, request).webhookId);
      return {};
    },

    async acceptEvents(request) {
      const { events } = parseRequest(acceptEventsSchema, request);
      const known = events.map(({ amount, ...event }) => ({
        ...event,
        amountMinor: amount?.amountMinor ?? null,
        currency: amount?.currency ?? null,
      }));
      await acceptEvents(sql, known);
      return {};
    },

    async claimDeliveries(request) {
      const claimed = await claimDeliveries(sql, parseRequest(claimDeliveriesSchema, request));
      return { deliveries: claimed.map(claimedMessage) };
    },

    async settleDelivery(request) {
      const settlement = parseRequest(settleDeliverySchema, request);
      const [outcome] = await settleDeliveries(sql, [settlement], options.retries);
      if (outcome === 'unknown') throw deliveryNotFound(settlement.deliveryId);
      return { settled: outcome === 'counted' };
    },

    async settleDeliveries(request) {
      const { settlements } = parseRequest(settleDeliveriesSchema, request);
      return { outcomes: (await settleDeliveries(sql, settlements, options.retries)).map(outcomeMessage) };
    },

    async listDeliveries(request) {
      const { pageSize: size, cursor, ...list } = parseRequest(listDeliveriesSchema, request);
      const { deliveries, nextCursor } = await listDeliveries(sql, list, { size, cursor });
      return { deliveries: deliveries.map(deliveryMessage), nextCursor };
    },

    async replayDelivery(request) {
      const { deliveryId } = parseRequest(replayDeliverySchema, request);
      return { delivery: deliveryMessage(await replayDelivery(sql, deliveryId)) };
    },
  };
}
