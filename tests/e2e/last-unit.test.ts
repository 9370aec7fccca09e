/** One unit and many who want it, through the gateway, Temporal and every service. The full size is `npm run bench:last-unit`. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../testkit/eventually.ts';
import { providerLedger, sellLastUnit } from '../../testkit/load/last-unit.ts';
import { metersOf } from '../../testkit/meters.ts';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';

let platform: RunningPlatform;
let shop: Shop;

beforeAll(async () => {
  platform = await startPlatform();
  shop = await createShop(platform.facts);
}, 180_000);

afterAll(async () => {
  await platform.stop();
}, 60_000);

test('O1 40 buyers of one unit: one is confirmed, 39 are refused, and nobody else was charged', async () => {
  const { seconds: _, ...outcome } = await sellLastUnit({ shop, provider: platform.facts.provider, buyers: 40, atOnce: 20 });
  expect(outcome).toEqual({
    confirmed: 1,
    refused: 39,
    otherwise: 0,
    wrongCharges: 0,
    stock: { stock: 1, available: 0 },
  });
}, 120_000);

test('E2 a hold that ends while the payment is in flight: the unit is sold to another, the first is refunded and cancelled', async () => {
  const product = await shop.createProduct({ stock: 1, priceMinor: 1_000 });
  const items = [{ product_id: product.id, quantity: 1 }];
  const [key, body] = [randomUUID(), { items, payment_method: 'tok_slow' }];
  const { body: started } = await shop.order(body, key, { Prefer: 'respond-async' });
  await eventually(
    () => shop.getOrder(started.id),
    ({ status }) => status === 'RESERVED',
  );
  await onProducts('update reservations set expires_at = now() where order_id = $1', [started.id]);
  await eventually(
    () => shop.stockOf(product.id),
    ({ available }) => available === 1,
  );
  const second = await shop.order({ items, payment_method: 'tok_ok' });
  expect(second.status).toBe(201);

  const first = await eventually(
    () => shop.order(body, key),
    ({ status }) => status !== 202,
    60_000,
  );
  expect(first.problem).toMatchObject({ reason: 'hold_expired', order_id: started.id });
  expect(await shop.getOrder(started.id)).toMatchObject({ status: 'CANCELLED', failure: { reason: 'hold_expired' } });
  const entries = (await providerLedger(platform.facts.provider)).filter(({ reference }) => reference === started.id);
  expect(entries.map(({ kind }) => kind)).toEqual(['charge', 'capture', 'refund']);
  expect(await shop.stockOf(product.id)).toEqual({ stock: 1, available: 0 });
}, 120_000);

async function onProducts(statement: string, values: unknown[]): Promise<void> {
  const url = new URL((await metersOf(platform)).postgres ?? '');
  url.pathname = '/products';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(statement, values);
  await client.end();
}
