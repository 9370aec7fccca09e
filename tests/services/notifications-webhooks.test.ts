/** Who is told: registered once under a key, from then on, until removed. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { URL_MAX } from '../../services/orders/events/webhook-url.ts';
import { refusal } from '../../testkit/refusal.ts';
import { claim, deliveries, registered, registration, settlement, tellAll, toldOf } from './events-fixture.ts';
import { creation, LIMITS, type OrdersFixture, openOrders, submitted } from './orders-fixture.ts';

// As many as may be active at once.
const WEBHOOKS_MAX = 20;

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterEach(async () => {
  for (const id of await active()) await orders.events.removeWebhook({ webhookId: id }, LIMITS);
});
afterAll(() => orders.close());

async function active(): Promise<string[]> {
  return (await orders.events.listWebhooks({}, LIMITS)).webhooks.map(({ id }) => id);
}

test('a registration is one under its key, however often and at once it is repeated, with one secret', async () => {
  const request = registration({ url: 'HTTPS://Example.com:443/hooks/../in?a=1', eventTypes: ['order.paid'] });
  const answers = await Promise.all(Array.from({ length: 10 }, () => orders.events.registerWebhook(request, LIMITS)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  const [{ webhook, secret } = { webhook: undefined, secret: '' }] = answers;
  expect(webhook).toEqual({
    id: expect.any(String),
    url: 'https://example.com/in?a=1',
    eventTypes: ['order.paid'],
    createdAt: expect.any(Date),
  });
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await orders.events.listWebhooks({}, LIMITS)).toEqual({ webhooks: [webhook] });
  expect(await refusal(orders.events.registerWebhook({ ...request, eventTypes: [] }, LIMITS))).toMatchObject({
    reason: 'idempotency_key_reused',
  });
});

test('two webhooks have two secrets; one that was given is kept, and neither is in a list, a stored answer or a delivery', async () => {
  const given = 'given-secret-0123456789-0123456789';
  const answers = [
    await orders.events.registerWebhook(registration({ secret: given }), LIMITS),
    await orders.events.registerWebhook(registration(), LIMITS),
  ];
  const secrets = answers.map(({ secret }) => secret);
  expect(secrets[0]).toBe(given);
  expect(new Set(secrets).size).toBe(2);
  await submitted(orders.calls);
  const shown = JSON.stringify([
    await orders.events.listWebhooks({}, LIMITS),
    await orders.events.listDeliveries(deliveries(), LIMITS),
  ]);
  const stored = await orders.sql<{ response: Buffer | null }>('select response from idempotency');
  for (const secret of secrets) {
    expect(shown).not.toContain(secret);
    expect(stored.filter(({ response }) => response?.includes(secret))).toEqual([]);
  }
  const claimed = await claim(orders.events);
  expect(claimed.map(({ secret }) => secret).toSorted()).toEqual(secrets.toSorted());
  for (const one of claimed) await orders.events.settleDelivery(settlement(one), LIMITS);
});

test('a webhook is told what happens from then on, of the types that it names', async () => {
  const order = await submitted(orders.calls);
  const [all, some] = [await registered(orders.events), await registered(orders.events, { eventTypes: ['order.reserved'] })];
  await orders.calls.createOrder(creation(order), LIMITS);
  const types = async (webhookId: string) => (await toldOf(orders.events, { webhookId })).map(({ event }) => event?.type);
  expect(await types(all)).toEqual(['order.created', 'order.reserved']);
  expect(await types(some)).toEqual(['order.reserved']);
});

test('a removed webhook is told nothing more: what was to come is dead, its secret gone, and who had a lease settles nothing', async () => {
  const request = registration();
  const { webhook: { id: webhookId } = { id: '' } } = await orders.events.registerWebhook(request, LIMITS);
  const order = await submitted(orders.calls);
  await orders.calls.createOrder(creation(order), LIMITS);
  const [atWork] = await claim(orders.events);
  for (let n = 0; n < 2; n += 1) await orders.events.removeWebhook({ webhookId }, LIMITS);
  await submitted(orders.calls);

  expect(await claim(orders.events)).toEqual([]);
  const told = await toldOf(orders.events, { webhookId });
  expect(told.map(({ state, lastError }) => [state, lastError])).toEqual(
    Array(3).fill(['DELIVERY_STATE_DEAD', 'the webhook was removed']),
  );
  if (atWork) expect(await orders.events.settleDelivery(settlement(atWork), LIMITS)).toEqual({ settled: false });
  expect(await refusal(orders.events.replayDelivery({ deliveryId: told[0]?.id ?? '' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { webhook_id: webhookId },
  });
  expect(await orders.sql('select from event_receivers where secret is not null')).toEqual([]);
  expect(await orders.events.registerWebhook(request, LIMITS)).toMatchObject({ webhook: { id: webhookId }, secret: '' });
});

test('what a transaction that did not see the removal planned is not told either', async () => {
  const webhookId = await registered(orders.events);
  const order = await submitted(orders.calls);
  await tellAll(orders.events);
  await orders.sql('begin');
  await orders.sql(`insert into order_history (order_id, status) values ($1, 'CREATED')`, [order.id]);
  await orders.events.removeWebhook({ webhookId }, LIMITS);
  await orders.sql('commit');
  expect((await toldOf(orders.events, { webhookId })).map(({ state }) => state)).toContain('DELIVERY_STATE_PENDING');
  expect(await claim(orders.events)).toEqual([]);
  expect((await toldOf(orders.events, { webhookId })).at(-1)?.state).toBe('DELIVERY_STATE_DEAD');
});

test('there are twenty at most, also when more are asked for at once, and one that goes makes room', async () => {
  const attempts = await Promise.allSettled(Array.from({ length: WEBHOOKS_MAX + 5 }, () => registered(orders.events)));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(WEBHOOKS_MAX);
  expect(await refusal(registered(orders.events))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'quota_exceeded',
    facts: { webhooks_max: String(WEBHOOKS_MAX) },
  });
  const [first = ''] = await active();
  await orders.events.removeWebhook({ webhookId: first }, LIMITS);
  await registered(orders.events);
  expect(await active()).toHaveLength(WEBHOOKS_MAX);
});

const PUBLIC = ['http://example.com', 'https://93.184.216.34:8443/x', 'https://[2606:4700::1111]/', 'https://bücher.example/a?b'];
test.each(PUBLIC)('%s may be a webhook', async (url) => {
  expect(await registered(orders.events, { url })).not.toBe('');
});

test.each([
  ['is no URL', 'example.com/hooks'],
  ['is empty', ''],
  ['is another protocol', 'ftp://example.com/'],
  ['is a script', 'javascript:alert(1)'],
  ['is a file', 'file:///etc/passwd'],
  ['has a password', 'https://user:secret@example.com/'],
  ['has a user', 'https://user@example.com/'],
  ['has a fragment', 'https://example.com/#a'],
  ['is too long', `https://example.com/${'a'.repeat(URL_MAX)}`],
  ['is this host', 'http://127.0.0.1:9003/'],
  ['is this host in hexadecimal', 'http://0x7f000001/'],
  ['is this host in decimal', 'http://2130706433/'],
  ['is this host in octal', 'http://0177.1/'],
  ['is any host', 'http://0.0.0.0/'],
  ['is localhost', 'http://localhost/'],
  ['is localhost with a dot', 'http://LOCALHOST./'],
  ['is below localhost', 'http://a.localhost/'],
  ['is a name of this network', 'http://payments:9004/'],
  ['is an internal name', 'http://metadata.google.internal/'],
  ['is in 10/8', 'http://10.1.2.3/'],
  ['is in 172.16/12', 'http://172.31.255.255/'],
  ['is in 192.168/16', 'http://192.168.1.1/'],
  ['is shared', 'http://100.64.0.1/'],
  ['is link-local, with the metadata of clouds', 'http://169.254.169.254/latest/meta-data/'],
  ['is multicast', 'http://224.0.0.1/'],
  ['is broadcast', 'http://255.255.255.255/'],
  ['is this host, IPv6', 'http://[::1]/'],
  ['is any host, IPv6', 'http://[::]/'],
  ['is this host in IPv6 clothes', 'http://[::ffff:127.0.0.1]/'],
  ['is a private address in NAT64 clothes', 'http://[64:ff9b::10.0.0.1]/'],
  ['is a private address in 6to4 clothes', 'http://[2002:a00:1::1]/'],
  ['is unique local', 'http://[fd00::1]/'],
  ['is link-local, IPv6', 'http://[fe80::1]/'],
])('a URL that %s is refused', async (_, url) => {
  expect(await refusal(registered(orders.events, { url }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['url'],
  });
});

test('in a development set-up webhooks may be in private networks', async () => {
  const open = await openOrders({ WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
  try {
    for (const url of ['http://127.0.0.1:8090/hooks', 'http://receiver:8080/']) {
      expect(await registered(open.events, { url })).not.toBe('');
    }
    expect(await refusal(registered(open.events, { url: 'http://user@127.0.0.1/' }))).toMatchObject({ fields: ['url'] });
  } finally {
    await open.close();
  }
});
