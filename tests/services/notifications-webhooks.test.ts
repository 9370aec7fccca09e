/** A webhook is registered once under a key, and receives events from then on until it is removed. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { URL_MAX } from '../../services/notifications/domain/webhook-url.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  accept,
  claim,
  clear,
  deliveries,
  deliveriesTo,
  event,
  happened,
  happenedTo,
  LIMITS,
  type NotificationsFixture,
  openNotifications,
  registered,
  registration,
  settle,
  settlement,
  violated,
} from './notifications-fixture.ts';

// As many as may be active at the same time.
const WEBHOOKS_MAX = 20;

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications();
});
afterEach(async () => {
  await clear(fixture);
  expect(await violated(fixture)).toEqual([]);
});
afterAll(() => fixture.close());

async function active(): Promise<string[]> {
  return (await fixture.calls.listWebhooks({}, LIMITS)).webhooks.map(({ id }) => id);
}

test('a registration that is repeated under its key, also concurrently, is one webhook with one secret', async () => {
  const request = registration({ url: 'HTTPS://Example.com:443/hooks/../in?a=1', eventTypes: ['order.paid'] });
  const answers = await Promise.all(Array.from({ length: 10 }, () => fixture.calls.registerWebhook(request, LIMITS)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  const [{ webhook, secret } = { webhook: undefined, secret: '' }] = answers;
  expect(webhook).toEqual({
    id: expect.any(String),
    url: 'https://example.com/in?a=1',
    eventTypes: ['order.paid'],
    createdAt: expect.any(Date),
  });
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await fixture.calls.listWebhooks({}, LIMITS)).toEqual({ webhooks: [webhook] });
  expect(await refusal(fixture.calls.registerWebhook({ ...request, eventTypes: [] }, LIMITS))).toMatchObject({
    reason: 'idempotency_key_reused',
  });
});

test('two webhooks have two secrets; a given one is kept, and neither is in a list, a stored answer or a delivery', async () => {
  const given = 'given-secret-0123456789-0123456789';
  const answers = [
    await fixture.calls.registerWebhook(registration({ secret: given }), LIMITS),
    await fixture.calls.registerWebhook(registration(), LIMITS),
  ];
  const secrets = answers.map(({ secret }) => secret);
  expect(secrets[0]).toBe(given);
  expect(new Set(secrets).size).toBe(2);
  await happened(fixture.calls, 'order.submitted');
  const shown = JSON.stringify([
    await fixture.calls.listWebhooks({}, LIMITS),
    await fixture.calls.listDeliveries(deliveries(), LIMITS),
  ]);
  const stored = await fixture.sql<{ response: Buffer | null }>('select response from idempotency');
  for (const secret of secrets) {
    expect(shown).not.toContain(secret);
    expect(stored.filter(({ response }) => response?.includes(secret))).toEqual([]);
  }
  const claimed = await claim(fixture.calls);
  expect(claimed.map(({ secret }) => secret).toSorted()).toEqual(secrets.toSorted());
  await settle(fixture.calls, ...claimed.map((one) => settlement(one)));
});

test('a webhook receives the events that are accepted from then on, of the types that it names', async () => {
  const order = await happened(fixture.calls, 'order.submitted');
  const [all, some] = [await registered(fixture.calls), await registered(fixture.calls, { eventTypes: ['order.reserved'] })];
  await happenedTo(fixture.calls, order, 'order.created', 'order.reserved');
  const types = async (webhookId: string) => (await deliveriesTo(fixture.calls, { webhookId })).map(({ event }) => event?.type);
  expect(await types(all)).toEqual(['order.created', 'order.reserved']);
  expect(await types(some)).toEqual(['order.reserved']);
});

test('a removed webhook receives nothing more: its deliveries are dead, its secret is gone, and a lease settles nothing', async () => {
  const request = registration();
  const { webhook: { id: webhookId } = { id: '' } } = await fixture.calls.registerWebhook(request, LIMITS);
  const order = await happened(fixture.calls, 'order.submitted');
  await happenedTo(fixture.calls, order, 'order.created', 'order.reserved');
  const [inFlight] = await claim(fixture.calls);
  for (let n = 0; n < 2; n += 1) await fixture.calls.removeWebhook({ webhookId }, LIMITS);
  await happened(fixture.calls, 'order.submitted');

  expect(await claim(fixture.calls)).toEqual([]);
  const listed = await deliveriesTo(fixture.calls, { webhookId });
  expect(listed.map(({ state, lastError }) => [state, lastError])).toEqual(
    Array(3).fill(['DELIVERY_STATE_DEAD', 'the webhook was removed']),
  );
  if (inFlight) expect(await settle(fixture.calls, settlement(inFlight))).toEqual(['SETTLEMENT_OUTCOME_LEASE_LOST']);
  expect(await refusal(fixture.calls.replayDelivery({ deliveryId: listed[0]?.id ?? '' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { webhook_id: webhookId },
  });
  expect(await fixture.sql('select from receivers where secret is not null')).toEqual([]);
  expect(await fixture.calls.registerWebhook(request, LIMITS)).toMatchObject({ webhook: { id: webhookId }, secret: '' });
});

test('events that are accepted while a webhook is registered and removed reach it all or not at all', async () => {
  const { orderId } = event();
  const accepting = Promise.all(Array.from({ length: 30 }, () => accept(fixture.calls, event({ orderId }), event({ orderId }))));
  const webhookIds = await Promise.all([1, 2, 3].map(() => registered(fixture.calls)));
  await Promise.all(webhookIds.map((webhookId) => fixture.calls.removeWebhook({ webhookId }, LIMITS)));
  await accepting;
  for (const webhookId of webhookIds) {
    // Two of each call, without a gap.
    const sequences = (await deliveriesTo(fixture.calls, { webhookId })).map(({ event: one }) => one?.sequence ?? 0);
    const first = sequences[0] ?? 1;
    expect(sequences).toEqual(sequences.map((_, n) => first + n));
    expect(sequences.length % 2).toBe(0);
  }
  expect(await claim(fixture.calls)).toEqual([]);
});

test('there are twenty at most, also of concurrent registrations, and a removed one makes room', async () => {
  const attempts = await Promise.allSettled(Array.from({ length: WEBHOOKS_MAX + 5 }, () => registered(fixture.calls)));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(WEBHOOKS_MAX);
  expect(await refusal(registered(fixture.calls))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'quota_exceeded',
    facts: { webhooks_max: String(WEBHOOKS_MAX) },
  });
  const [first = ''] = await active();
  await fixture.calls.removeWebhook({ webhookId: first }, LIMITS);
  await registered(fixture.calls);
  expect(await active()).toHaveLength(WEBHOOKS_MAX);
});

const PUBLIC = ['http://example.com', 'https://93.184.216.34:8443/x', 'https://[2606:4700::1111]/', 'https://bücher.example/a?b'];
test.each(PUBLIC)('%s may be a webhook', async (url) => {
  expect(await registered(fixture.calls, { url })).not.toBe('');
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
  expect(await refusal(registered(fixture.calls, { url }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['url'],
  });
});

test('in a development set-up webhooks may be in private networks', async () => {
  const open = await openNotifications({ WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
  try {
    for (const url of ['http://127.0.0.1:8090/hooks', 'http://receiver:8080/']) {
      expect(await registered(open.calls, { url })).not.toBe('');
    }
    expect(await refusal(registered(open.calls, { url: 'http://user@127.0.0.1/' }))).toMatchObject({ fields: ['url'] });
  } finally {
    await open.close();
  }
});
