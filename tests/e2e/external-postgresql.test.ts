/** A platform whose databases lie on a PostgreSQL that it did not start. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type RunningPlatform, startPlatform } from '../support/platform.ts';
import { createShop } from '../support/shop.ts';

const OWNERS = ['users', 'products', 'orders', 'payments', 'gateway', 'provider'] as const;

let databases: TestDatabase[];
let platform: RunningPlatform;
beforeAll(async () => {
  databases = await Promise.all(OWNERS.map((name) => createDatabase(name)));
  const urls = OWNERS.map((name, n) => [`${name.toUpperCase()}_DATABASE_URL`, databases[n]?.url] as const);
  platform = await startPlatform({ env: Object.fromEntries(urls) });
});
afterAll(async () => {
  await platform.stop();
  await Promise.all(databases.map((database) => database.drop()));
});

test('nothing embedded is started for what is elsewhere, and orders go through', async () => {
  const { parts } = z.object({ parts: z.array(z.object({ name: z.string() })) }).parse(await platform.status());
  expect(parts.map(({ name }) => name)).not.toContain('postgres');
  expect(parts.map(({ name }) => name)).toContain('temporal');

  const shop = await createShop(platform.facts);
  const { id } = await shop.createProduct({ stock: 3, priceMinor: 1_000 });
  const order = await shop.order({ items: [{ product_id: id, quantity: 1 }], payment_method: 'tok_ok' });
  expect([order.status, order.body.status]).toEqual([201, 'PAID']);
  const declined = await shop.order({ items: [{ product_id: id, quantity: 1 }], payment_method: 'tok_declined' });
  expect(declined.status).toBe(402);
  expect((await shop.stockOf(id)).available).toBe(2);
});
