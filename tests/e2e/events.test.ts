/** What the whole platform tells of its orders: webhooks on real sockets, mails in the spool of `npm start`. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { NOTIFIED_EVENTS } from '../../contracts/events.ts';
import { eventually } from '../../testkit/eventually.ts';
import { startReceiver } from '../../testkit/fakes/webhook-receiver.ts';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';

// Longer than a dead worker's lease and the time until another takes over.
const TOLD_LIMIT_MS = 60_000;
const SECRETS = { healthy: 'h'.repeat(32), ill: 'i'.repeat(32) };

let platform: RunningPlatform;
let shop: Shop;
const receivers: Awaited<ReturnType<typeof startReceiver>>[] = [];

beforeAll(async () => {
  const quickly = { EVENT_RETRY_FIRST_MS: '200', EVENT_RETRY_CAP_MS: '1000' };
  platform = await startPlatform({ env: { WEBHOOK_PRIVATE_ADDRESSES: 'allow', ...quickly } });
  shop = await createShop(platform.facts);
}, 180_000);

afterAll(async () => {
  await platform.stop();
  await Promise.all(receivers.map((receiver) => receiver.close()));
}, 60_000);

async function register(secret: string, answer?: Parameters<typeof startReceiver>[1]) {
  const receiver = await startReceiver(secret, answer);
  receivers.push(receiver);
  const headers = { ...shop.admin, 'Idempotency-Key': randomUUID() };
  const { status } = await shop.call('POST', '/webhooks', { url: receiver.url, secret }, headers);
  expect(status).toBe(201);
  return receiver;
}

async function deliveries(state: string): Promise<unknown[]> {
  const { json } = await shop.call('GET', `/event-deliveries?state=${state}`, undefined, shop.admin);
  return z.object({ items: z.array(z.unknown()) }).parse(json).items;
}

test('orders that are confirmed, shipped, refused and cancelled are told in order and whole, whoever is ill or dies', async () => {
  const healthy = await register(SECRETS.healthy);
  let well = false;
  const ill = await register(SECRETS.ill, (_, __, response) => response.writeHead(well ? 204 : 500).end());
  const product = await shop.createProduct({ stock: 10, priceMinor: 1_000 });
  const buy = (payment_method: string) => shop.order({ items: [{ product_id: product.id, quantity: 1 }], payment_method });

  const shipped = (await buy('tok_ok')).body.id;
  const parcel = { carrier: 'DHL', tracking_number: 'X1' };
  expect((await shop.command(shipped, 'shipments', parcel, randomUUID())).status).toBe(200);
  const refused = (await buy('tok_declined')).problem.order_id;
  await eventually(
    async () => ill.got.length,
    (asked) => asked > 3,
    TOLD_LIMIT_MS,
  );
  await platform.kill('worker');
  const cancelled = (await buy('tok_ok')).body.id;
  // Taken while there was no worker.
  await eventually(
    async () => (await shop.getOrder(cancelled)).status,
    (status) => status === 'PAID',
    TOLD_LIMIT_MS,
  );
  expect((await shop.command(cancelled, 'cancel', { reason: 'changed my mind' }, randomUUID())).status).toBe(200);
  well = true;
  await eventually(
    async () => (await deliveries('pending')).length,
    (left) => left === 0,
    TOLD_LIMIT_MS,
  );
  expect(await deliveries('dead')).toEqual([]);

  const typesOf = (id: string) => [
    ...new Map(healthy.got.filter(({ order_id }) => order_id === id).map((e) => [e.sequence, e.type])).values(),
  ];
  const ofOrder = (id: string) => typesOf(id).filter((type) => type.startsWith('order.'));
  const beginning = ['order.submitted', 'order.created', 'order.reserved'];
  expect(ofOrder(shipped)).toEqual([...beginning, 'order.paid', 'order.shipped']);
  expect(ofOrder(refused)).toEqual([...beginning, 'order.cancelled']);
  expect(ofOrder(cancelled)).toEqual([...beginning, 'order.paid', 'order.cancelled']);
  expect(typesOf(shipped)).toEqual(expect.arrayContaining(['payment.captured']));
  expect(typesOf(cancelled)).toEqual(expect.arrayContaining(['payment.captured', 'payment.refunded']));
  for (const receiver of [healthy, ill]) {
    expect(receiver.unsigned()).toBe(0);
    for (const id of [shipped, refused, cancelled]) {
      expect(receiver.sequencesOf(id)).toEqual(typesOf(id).map((_, nth) => nth + 1));
    }
  }
  expect(new Set(ill.got.map(({ id }) => id))).toEqual(new Set(healthy.got.map(({ id }) => id)));

  const notified = healthy.got.filter(({ type }) => NOTIFIED_EVENTS.some((known) => known === type));
  const mails = new Map(notified.map(({ id, type, order_id }) => [`${id}.eml`, { type, order_id }]));
  const spool = join(platform.dataDir, 'mail');
  // A worker that is killed while it writes one down leaves an unfinished file, of another name.
  const written = readdirSync(spool).filter((file) => !file.startsWith('.'));
  expect(written.sort()).toEqual([...mails.keys()].sort());
  expect([...mails.values()].map(({ type }) => type).sort()).toEqual([
    'order.cancelled',
    'order.cancelled',
    'order.paid',
    'order.paid',
    'order.shipped',
    'payment.refunded',
  ]);
  for (const [file, { order_id }] of mails) {
    const mail = readFileSync(join(spool, file), 'utf8');
    expect(mail).toContain(`To: ${platform.facts.customer.email}`);
    expect(mail).toContain(order_id);
  }
  const log = readFileSync(join(platform.dataDir, 'logs', 'worker.log'), 'utf8');
  expect(log).not.toContain(platform.facts.customer.email);
  expect(log).not.toContain(SECRETS.healthy);
}, 180_000);
