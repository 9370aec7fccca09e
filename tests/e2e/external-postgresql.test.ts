/** A platform whose databases lie on a PostgreSQL that it did not start, or that is not there. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databaseName, PARTS } from '../../local/parts.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { collect, makeDataDir, type RunningPlatform, spawnPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop } from '../../testkit/shop.ts';

const OWNERS = PARTS.flatMap(({ database }) => (database ? [databaseName(database)] : []));

let databases: TestDatabase[];
let platform: RunningPlatform;
beforeAll(async () => {
  databases = await Promise.all(OWNERS.map((name) => createDatabase(name)));
  platform = await startPlatform({ env: urls() });
});
afterAll(async () => {
  await platform.stop();
  await Promise.all(databases.map((database) => database.drop()));
});

function urls(): Record<string, string | undefined> {
  return Object.fromEntries(OWNERS.map((name, n) => [`${name.toUpperCase()}_DATABASE_URL`, databases[n]?.url]));
}

test('nothing embedded is started for what is elsewhere, and orders go through', async () => {
  const { parts } = await platform.status();
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

test('one that cannot be reached is told in one line that names its variable, and nothing stays running', async () => {
  const dataDir = makeDataDir();
  const env = { ...urls(), ORDERS_DATABASE_URL: 'postgres://orders:secret@127.0.0.1:1/orders' };
  const child = spawnPlatform({ dataDir, env, script: 'local/start.ts' });
  const output = collect(child);
  const [code] = await once(child, 'close');
  rmSync(dataDir, { recursive: true, force: true });

  expect(code).toBe(1);
  expect(output().trim().split('\n').at(-1)).toMatch(
    /^orders did not start: ORDERS_DATABASE_URL: no PostgreSQL answers at 127\.0\.0\.1:1\/orders \(ECONNREFUSED\) \(log: .+orders\.log\)$/,
  );
  expect(output()).not.toMatch(/^\s+at |secret/m);
});
