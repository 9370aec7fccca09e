/** Webhooks and what became of each delivery, over HTTP, before the real orders service. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { claim, settlement } from '../services/events-fixture.ts';
import { LIMITS, type OrdersFixture, openOrders, paid, submitted } from '../services/orders-fixture.ts';
import { type Call, type Shop, startShop, textOf } from './support/shop.ts';

let orders: OrdersFixture;
let shop: Shop;
let operator: Readonly<Record<string, string>>;
beforeAll(async () => {
  orders = await openOrders();
  // No Temporal: none of these needs it.
  shop = await startShop({ temporalAddress: '127.0.0.1:1', env: { ORDERS_ADDRESS: orders.address() } });
  operator = await shop.as('operator');
});
afterAll(async () => {
  await shop.stop();
  await orders.close();
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

test('what became of each delivery is listed by state, webhook and order, and one that is dead is told again', async () => {
  const { body: hook } = await register(HOOK);
  const order = await paid(orders.calls);
  await submitted(orders.calls);
  const of = `webhook_id=${textOf(hook, 'id')}&order_id=${order.id}`;
  const [first] = (await claim(orders.events)).filter(
    ({ delivery }) => delivery.event.orderId === order.id && delivery.webhookId !== '',
  );
  if (!first) throw new Error('A delivery was expected');
  await orders.events.settleDelivery(settlement(first, { error: '410 Gone', permanent: true }), LIMITS);

  const dead = await ask('GET', `/v1/event-deliveries?state=dead&${of}`);
  const { event } = first.delivery;
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
          event: { id: event.id, type: 'order.submitted', order_id: order.id, user_id: order.userId, sequence: 1, facts: {} },
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
        event: { type: 'order.paid', amount: { amount_minor: order.totals?.total?.amountMinor } },
      },
    ],
    next_cursor: expect.any(String),
  });
  const rest = await ask('GET', `/v1/event-deliveries?cursor=${textOf(newest.body, 'next_cursor')}&limit=1&${of}`);
  expect(rest.body).toMatchObject({ items: [{ event: { type: 'order.reserved' } }] });

  const replayed = await ask('POST', `/v1/event-deliveries/${first.delivery.id}/replay`);
  expect(replayed).toMatchObject({ status: 200, body: { id: first.delivery.id, state: 'pending', settled_at: null } });
  expect((await claim(orders.events)).map(({ delivery }) => delivery.event.id)).toContain(event.id);

  await ask('DELETE', `/v1/webhooks/${textOf(hook, 'id')}`);
  const late = await ask('POST', `/v1/event-deliveries/${first.delivery.id}/replay`);
  expect(late).toMatchObject({ status: 409, body: { reason: 'illegal_transition' } });
  const unknown = await ask('POST', `/v1/event-deliveries/${randomUUID()}/replay`);
  expect(unknown).toMatchObject({ status: 404, body: { reason: 'not_found' } });
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
