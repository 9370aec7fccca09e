/** The event log, webhooks and the deliveries of each event, over HTTP. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { createClient, type GrpcClient } from '../../platform/rpc/client.ts';
import { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { accept, claim, event, happened, LIMITS } from '../services/notifications-fixture.ts';
import { type Call, type Shop, startShop, textOf } from './support/shop.ts';

let shop: Shop;
let notifications: GrpcClient<typeof NotificationsServiceService>;
let operator: Readonly<Record<string, string>>;
beforeAll(async () => {
  // No Temporal: none of these needs it.
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
  notifications = createClient(NotificationsServiceService, { target: shop.services.notifications.direct });
  operator = await shop.as('operator');
});
afterAll(async () => {
  notifications.close();
  await shop.stop();
});

const ask = (method: string, path: string, { headers, ...given }: Call = {}) =>
  shop.call(method, path, { ...given, headers: { ...operator, ...headers } });

const register = (body: object, key: string = randomUUID()) =>
  ask('POST', '/v1/webhooks', { body, headers: { 'Idempotency-Key': key } });

const HOOK = { url: 'https://shop.example.com/hooks' };

test('an operator registers a webhook, is shown its secret once, sees it in the list and removes it', async () => {
  const key = randomUUID();
  const registered = await register({ ...HOOK, event_types: ['order.paid'] }, key);
  expect(registered).toMatchObject({
    status: 201,
    body: { ...HOOK, event_types: ['order.paid'], secret: expect.stringMatching(/^.{32,}$/) },
  });
  const again = await register({ ...HOOK, event_types: ['order.paid'] }, key);
  expect([again.status, again.body]).toEqual([201, registered.body]);

  const { secret, ...webhook } = registered.body;
  const list = await ask('GET', '/v1/webhooks');
  expect(list).toMatchObject({ status: 200, body: { items: [webhook], next_cursor: null } });
  expect(list.text).not.toContain(String(secret));

  const path = `/v1/webhooks/${textOf(webhook, 'id')}`;
  for (const removal of [await ask('DELETE', path), await ask('DELETE', path)])
    expect([removal.status, removal.text]).toEqual([204, '']);
  expect((await ask('GET', '/v1/webhooks')).body).toEqual({ items: [], next_cursor: null });
  expect(await ask('DELETE', `/v1/webhooks/${randomUUID()}`)).toMatchObject({ status: 404, body: { reason: 'not_found' } });
});

test('a secret of one’s own is taken', async () => {
  const secret = 'of-our-own-0123456789-0123456789';
  const { body } = await register({ ...HOOK, secret });
  expect(body).toMatchObject({ secret, event_types: [] });
  await ask('DELETE', `/v1/webhooks/${textOf(body, 'id')}`);
});

test('deliveries are listed by state, webhook and order, and a dead one is delivered again', async () => {
  const { calls } = notifications;
  const { body: hook } = await register(HOOK);
  const order = await happened(calls, 'order.submitted', 'order.reserved', 'order.paid');
  await happened(calls, 'order.submitted');
  const of = `webhook_id=${textOf(hook, 'id')}&order_id=${order.id}`;
  const [first] = (await claim(calls)).filter(({ delivery }) => delivery.event.orderId === order.id && delivery.webhookId !== '');
  if (!first) throw new Error('A delivery was expected');
  const settlement = { deliveryId: first.delivery.id, leaseId: first.leaseId, error: '410 Gone', permanent: true };
  await calls.settleDeliveries({ settlements: [settlement] }, LIMITS);

  const dead = await ask('GET', `/v1/event-deliveries?state=dead&${of}`);
  const { event: submitted } = first.delivery;
  expect(dead).toMatchObject({
    status: 200,
    body: {
      items: [
        {
          id: first.delivery.id,
          webhook_id: hook.id,
          state: 'dead',
          attempts: 1,
          last_error: '410 Gone',
          next_attempt_at: null,
          event: {
            id: submitted.id,
            type: 'order.submitted',
            version: 1,
            order_id: order.id,
            user_id: order.userId,
            sequence: 1,
          },
        },
      ],
      next_cursor: null,
    },
  });
  const newest = await ask('GET', `/v1/event-deliveries?limit=1&${of}`);
  expect(newest.body).toMatchObject({
    items: [
      {
        state: 'pending',
        settled_at: null,
        last_error: null,
        event: { type: 'order.paid', amount: { amount_minor: 2_599, currency: 'EUR' } },
      },
    ],
    next_cursor: expect.any(String),
  });
  const rest = await ask('GET', `/v1/event-deliveries?cursor=${textOf(newest.body, 'next_cursor')}&limit=1&${of}`);
  expect(rest.body).toMatchObject({ items: [{ event: { type: 'order.reserved' } }] });

  const replayed = await ask('POST', `/v1/event-deliveries/${first.delivery.id}/replay`);
  expect(replayed).toMatchObject({ status: 200, body: { id: first.delivery.id, state: 'pending', settled_at: null } });
  expect((await claim(calls)).map(({ delivery }) => delivery.event.id)).toContain(submitted.id);

  await ask('DELETE', `/v1/webhooks/${textOf(hook, 'id')}`);
  const late = await ask('POST', `/v1/event-deliveries/${first.delivery.id}/replay`);
  expect(late).toMatchObject({ status: 409, body: { reason: 'illegal_transition' } });
  const unknown = await ask('POST', `/v1/event-deliveries/${randomUUID()}/replay`);
  expect(unknown).toMatchObject({ status: 404, body: { reason: 'not_found' } });
});

const logSchema = z.object({
  items: z.array(z.object({ id: z.string(), version: z.number(), sequence: z.number() })),
  next_cursor: z.string().nullable(),
});

async function readLog(after: string | null, limit = 100) {
  const query = after === null ? '' : `&after=${encodeURIComponent(after)}`;
  const answer = await ask('GET', `/v1/events?limit=${limit}${query}`);
  expect(answer.status).toBe(200);
  return logSchema.parse(answer.body);
}

test('a consumer reads the log from its beginning, page by page, and goes on where it stopped', async () => {
  const { calls } = notifications;
  await happened(calls, 'order.submitted', 'order.paid');
  const all = await readLog(null);
  const firsts = await readLog(null, 1);
  const seconds = await readLog(firsts.next_cursor, 1);
  expect([...firsts.items, ...seconds.items]).toEqual(all.items.slice(0, 2));

  expect(await readLog(all.next_cursor)).toMatchObject({ items: [], next_cursor: all.next_cursor });
  const order = await happened(calls, 'order.cancelled');
  expect((await readLog(all.next_cursor)).items).toMatchObject([{ version: 1, sequence: 1 }]);
  const last = await ask('GET', `/v1/events?after=${all.next_cursor}`);
  expect(last.body).toMatchObject({ items: [{ type: 'order.cancelled', order_id: order.id, user_id: order.userId }] });
});

test('an event of a user has no order', async () => {
  const { next_cursor: end } = await readLog(null);
  const registered = event({ type: 'user.registered', orderId: '', amount: undefined, facts: {} });
  await accept(notifications.calls, registered);
  const { body } = await ask('GET', `/v1/events?after=${end}`);
  const user = { id: registered.id, type: 'user.registered', order_id: null, user_id: registered.userId, sequence: 1 };
  expect(body).toMatchObject({ items: [{ ...user, facts: {} }] });
});

test.each([
  ['no URL', {}, 422, '/url'],
  ['another protocol', { url: 'ftp://example.com' }, 422, '/url'],
  ['a URL of 2001 characters', { url: `https://example.com/${'a'.repeat(1_981)}` }, 422, '/url'],
  ['a private address', { url: 'http://169.254.169.254/' }, 400, '/url'],
  ['credentials', { url: 'https://a:b@example.com/' }, 400, '/url'],
  ['a type that there is not', { ...HOOK, event_types: ['order.lost'] }, 422, '/event_types/0'],
  ['a short secret', { ...HOOK, secret: 'short' }, 422, '/secret'],
  ['an unknown field', { ...HOOK, active: true }, 422, '/active'],
])('a webhook with %s is refused', async (_, body, status, pointer) => {
  expect(await register(body)).toMatchObject({ status, body: { reason: 'validation_failed', errors: [{ pointer }] } });
});

test('a webhook needs an Idempotency-Key, and another one under the same key is refused', async () => {
  expect(await ask('POST', '/v1/webhooks', { body: HOOK })).toMatchObject({
    status: 400,
    body: { reason: 'idempotency_key_missing', detail: expect.stringContaining('every webhook') },
  });
  const key = randomUUID();
  const { body } = await register(HOOK, key);
  expect(await register({ url: 'https://example.com/other' }, key)).toMatchObject({
    status: 422,
    body: { reason: 'idempotency_key_reused' },
  });
  await ask('DELETE', `/v1/webhooks/${textOf(body, 'id')}`);
});

test.each([
  ['a state that there is not', 'state=lost', '/state'],
  ['an order that is no id', 'order_id=mug', '/order_id'],
  ['a webhook that is no id', 'webhook_id=mug', '/webhook_id'],
  ['a limit of 101', 'limit=101', '/limit'],
  ['another parameter', 'page=2', '/page'],
])('a list of deliveries with %s is refused', async (_, query, pointer) => {
  expect(await ask('GET', `/v1/event-deliveries?${query}`)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
});
