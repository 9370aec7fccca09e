import * as z from 'zod';
import type { Webhook } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import type { Clients } from '../clients.ts';
import { eventTypeInput } from '../events/event-json.ts';
import { requiredIdempotencyKey, scopedKey } from '../http/idempotency-key.ts';
import { pathId, readBody } from '../http/input.ts';
import { present } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { id, page, time } from '../http/schemas.ts';
import { OPERATORS } from '../identity/caller.ts';

type WebhookDeps = { readonly clients: Pick<Clients, 'notifications'> };

const LIMITS = { deadlineMs: 5_000 };

const webhookSchema = z
  .strictObject({
    id,
    url: z.string(),
    event_types: z.array(z.string()).describe('Empty: all.'),
    created_at: time,
  })
  .meta({ id: 'Webhook' });

const newWebhook = z.strictObject({
  url: z
    .string()
    .max(2_000, 'must have at most 2000 characters')
    .regex(/^https?:\/\/[^\s/?#]+/i, 'must be an http or https URL')
    .describe('Without credentials and fragment; private addresses are refused.'),
  event_types: z.array(eventTypeInput).max(50, 'must be at most 50 types').default([]).describe('Absent or empty: all.'),
  secret: z
    .string()
    .regex(/^[\x21-\x7e]{32,200}$/, 'must be 32 to 200 visible ASCII characters')
    .optional()
    .describe('Signs the deliveries; absent: the platform makes one.'),
});

export const registerWebhook: Route<WebhookDeps> = {
  operation: {
    id: 'registerWebhook',
    method: 'POST',
    path: '/v1/webhooks',
    tag: 'webhooks',
    summary: 'Deliver events to a URL',
    description:
      'Delivers each event from now on at least once, the events of an order in their order, signed with the secret. Only this ' +
      'answer shows the secret; the same key and body give the same answer.',
    access: OPERATORS,
    headers: { 'Idempotency-Key': { required: true, description: 'The same key is the same webhook.' } },
    body: newWebhook,
    answers: {
      201: {
        description: 'Registered.',
        schema: webhookSchema.extend({ secret: z.string().describe('Signs the deliveries.') }).meta({ id: 'NewWebhook' }),
      },
    },
    problems: ['idempotency_key_missing', 'idempotency_key_reused', 'quota_exceeded'],
  },
  handler: ({ clients: { notifications } }) =>
    async function registerWebhookHandler(ctx) {
      const { url, event_types: eventTypes, secret: given = '' } = await readBody(ctx, newWebhook);
      requiredIdempotencyKey(ctx, 'webhook');
      const registration = { idempotencyKey: scopedKey(ctx, 'register-webhook'), url, eventTypes, secret: given };
      const { webhook, secret } = await notifications.calls.registerWebhook(registration, LIMITS);
      ctx.status = 201;
      ctx.body = { ...webhookJson(present(webhook, 'a webhook')), secret };
    },
};

export const listWebhooks: Route<WebhookDeps> = {
  operation: {
    id: 'listWebhooks',
    method: 'GET',
    path: '/v1/webhooks',
    tag: 'webhooks',
    summary: 'List the webhooks, oldest first',
    access: OPERATORS,
    answers: { 200: { description: 'All of them.', schema: page(webhookSchema) } },
  },
  handler: ({ clients: { notifications } }) =>
    async function listWebhooksHandler(ctx) {
      const { webhooks } = await notifications.calls.listWebhooks({}, LIMITS);
      ctx.body = { items: webhooks.map(webhookJson), next_cursor: null };
    },
};

export const removeWebhook: Route<WebhookDeps> = {
  operation: {
    id: 'removeWebhook',
    method: 'DELETE',
    path: '/v1/webhooks/:id',
    tag: 'webhooks',
    summary: 'Remove a webhook',
    description: 'Its pending deliveries are dead. Removing it again is harmless.',
    access: OPERATORS,
    answers: { 204: { description: 'Removed.' } },
  },
  handler: ({ clients: { notifications } }) =>
    async function removeWebhookHandler(ctx) {
      await notifications.calls.removeWebhook({ webhookId: pathId(ctx) }, LIMITS);
      ctx.status = 204;
    },
};

function webhookJson({ id: webhookId, url, eventTypes, createdAt }: Webhook) {
  return { id: webhookId, url, event_types: eventTypes, created_at: present(createdAt, 'a time') };
}
