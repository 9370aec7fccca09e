import * as z from 'zod';
import { EVENTS, type EventType } from '../../contracts/events.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { pageFields } from '../wire.ts';
import type { Operation } from './operation.ts';
import { id, money, page, time } from './shapes.ts';

const OPERATORS = ['operator', 'admin'] as const;

function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENTS, name);
}

const eventType = z
  .enum(Object.keys(EVENTS).filter(isEventType), 'must be a type of an event')
  .meta({ id: 'EventType', description: 'Something that happens to an order, a return or a payment.' });

const webhook = z
  .strictObject({
    id,
    url: z.string(),
    event_types: z.array(z.string()).describe('Empty: all.'),
    created_at: time,
  })
  .meta({ id: 'Webhook' });

const event = z
  .strictObject({
    id: id.describe('The same whenever it is told: what was seen before is to be ignored.'),
    type: z.string(),
    order_id: id,
    user_id: id,
    sequence: z.int().describe('1, 2, 3 … of one order.'),
    at: time,
    amount: money.optional().describe('Of the order, the payment or the refund, by type.'),
    facts: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Event' });

const delivery = z
  .strictObject({
    id,
    event,
    webhook_id: id.nullable().describe('null: the sender of notifications.'),
    state: z.enum(['pending', 'delivered', 'dead']),
    attempts: z.int().describe('So far.'),
    last_error: z.string().nullable().describe('What the last attempt failed with; null: it did not.'),
    next_attempt_at: time.nullable().describe('null: there is none.'),
    settled_at: time.nullable(),
  })
  .meta({ id: 'EventDelivery', description: 'One event for one receiver.' });

export const registerWebhook = {
  id: 'registerWebhook',
  method: 'POST',
  path: '/v1/webhooks',
  tag: 'events',
  summary: 'Have a URL told of what happens to orders and payments',
  description:
    'From now on, at least once, each order in its order, signed with the secret. The secret is shown in this answer and in no ' +
    'other; the same key and body give the same answer.',
  access: OPERATORS,
  headers: { 'Idempotency-Key': { required: true, description: 'The same key is the same webhook.' } },
  body: z.strictObject({
    url: z
      .string()
      .max(2_000, 'must have at most 2000 characters')
      .regex(/^https?:\/\//i, 'must be an http or https URL')
      .describe('Without credentials and fragment; private addresses are refused.'),
    event_types: z.array(eventType).max(50, 'must be at most 50 types').default([]).describe('Absent or empty: all.'),
    secret: z
      .string()
      .regex(/^[\x21-\x7e]{32,200}$/, 'must be 32 to 200 visible ASCII characters')
      .optional()
      .describe('What is signed with; absent: one is made.'),
  }),
  answers: {
    201: {
      description: 'Registered.',
      schema: webhook
        .extend({ secret: z.string().describe('What is signed with. In no other answer.') })
        .meta({ id: 'NewWebhook' }),
    },
  },
  problems: ['idempotency_key_missing', 'idempotency_key_reused', 'quota_exceeded'],
} as const satisfies Operation;

export const listWebhooks = {
  id: 'listWebhooks',
  method: 'GET',
  path: '/v1/webhooks',
  tag: 'events',
  summary: 'List the webhooks, oldest first',
  access: OPERATORS,
  answers: { 200: { description: 'All of them.', schema: page(webhook) } },
} as const satisfies Operation;

export const removeWebhook = {
  id: 'removeWebhook',
  method: 'DELETE',
  path: '/v1/webhooks/:id',
  tag: 'events',
  summary: 'Tell a webhook nothing more',
  description: 'What it was still to be told is dead. Doing it again is harmless.',
  access: OPERATORS,
  answers: { 204: { description: 'Removed.' } },
} as const satisfies Operation;

export const listEventDeliveries = {
  id: 'listEventDeliveries',
  method: 'GET',
  path: '/v1/event-deliveries',
  tag: 'events',
  summary: 'List what was told to whom, newest first',
  access: OPERATORS,
  query: z.strictObject({
    state: z.enum(['pending', 'delivered', 'dead'], 'must be pending, delivered or dead').optional(),
    webhook_id: entityId.optional(),
    order_id: entityId.optional(),
    ...pageFields,
  }),
  answers: { 200: { description: 'A page of deliveries.', schema: page(delivery) } },
} as const satisfies Operation;

export const replayEventDelivery = {
  id: 'replayEventDelivery',
  method: 'POST',
  path: '/v1/event-deliveries/:id/replay',
  tag: 'events',
  summary: 'Tell an event again, whatever became of it before',
  description: 'At once, under the same event id, with all attempts before it. Asking again while it is on its way is harmless.',
  access: OPERATORS,
  answers: { 200: { description: 'The delivery as it is now.', schema: delivery } },
  problems: ['illegal_transition'],
} as const satisfies Operation;
