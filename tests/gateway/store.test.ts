import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApiClients } from '../../gateway/store/api-clients.ts';
import { migrate } from '../../gateway/store/migrations.ts';
import { readSeed } from '../../gateway/store/seed.ts';
import { ConfigError } from '../../platform/config/load.ts';
import { openPool, type SqlPool } from '../../platform/persistence/pool.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';

let database: TestDatabase;
let pool: SqlPool;
let directory: string;

beforeAll(async () => {
  database = await createDatabase('gateway_store');
  pool = openPool({ url: database.url, max: 5, onError: () => undefined });
  directory = await mkdtemp(join(tmpdir(), 'gateway-seed-'));
  // Several instances start at once.
  await Promise.all([migrate(pool), migrate(pool), migrate(pool)]);
});

afterAll(async () => {
  await pool.close();
  await database.drop();
  await rm(directory, { recursive: true });
});

const newClient = () => ({ id: randomUUID(), name: 'Shop', tier: 'free' as const, key: `sf_${randomUUID()}` });

test('a migration is applied once', async () => {
  await migrate(pool);
  expect(await pool.query('select version from schema_migrations')).toEqual([{ version: 1 }]);
});

test('a client is found by its key, which is stored as a hash only', async () => {
  const clients = createApiClients(pool);
  const client = newClient();
  await clients.put([client]);
  const { key, ...rest } = client;
  expect(await clients.find(key)).toEqual(rest);
  expect(await clients.find(`${key}x`)).toBeUndefined();
  const [row] = await pool.query<{ all: string }>('select api_clients::text as all from api_clients where id = $1', [client.id]);
  expect(row?.all).not.toContain(key);
  expect(row?.all).toContain(key.slice(0, 8));
});

test('seeding again changes nothing, and a new key takes the place of the old one', async () => {
  const client = newClient();
  const changed = { ...client, tier: 'enterprise' as const, key: `sf_${randomUUID()}` };
  await createApiClients(pool).put([client]);
  await createApiClients(pool).put([client]);
  expect(await createApiClients(pool).find(client.key)).toMatchObject({ tier: 'free' });
  await createApiClients(pool).put([changed]);
  const clients = createApiClients(pool);
  expect(await clients.find(client.key)).toBeUndefined();
  expect(await clients.find(changed.key)).toMatchObject({ id: client.id, tier: 'enterprise' });
});

test('a key that is withdrawn stops working when what is remembered has aged', async () => {
  let nowMs = 1_000;
  const clients = createApiClients(pool, () => nowMs);
  const client = newClient();
  await clients.put([client]);
  await clients.find(client.key);
  await pool.query('update api_clients set active = false where id = $1', [client.id]);
  expect(await clients.find(client.key)).toMatchObject({ id: client.id });
  nowMs += 31_000;
  expect(await clients.find(client.key)).toBeUndefined();
});

test('while the database is down a known key works and an unknown one is 503', async () => {
  let nowMs = 1_000;
  const own = openPool({ url: database.url, max: 1, onError: () => undefined });
  const clients = createApiClients(own, () => nowMs);
  const client = newClient();
  await clients.put([client]);
  await clients.find(client.key);
  await own.close();
  nowMs += 60_000;
  expect(await clients.find(client.key)).toMatchObject({ id: client.id });
  await expect(clients.find('made-up')).rejects.toMatchObject({ reason: 'unavailable', status: 503 });
});

test('a seed file that is wrong is told by its fields, never by its values', async () => {
  const write = async (content: string) => {
    const file = join(directory, randomUUID());
    await writeFile(file, content);
    return file;
  };
  const client = newClient();
  expect(await readSeed(await write(JSON.stringify([client])))).toEqual([client]);
  const wrong = { ...client, tier: 'golden', key: 'short-secret' };
  const failure = await readSeed(await write(JSON.stringify([wrong]))).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).toMatch(/0\.tier, 0\.key/);
  expect(String(failure)).not.toContain('short-secret');
  await expect(readSeed(await write('{'))).rejects.toThrow(ConfigError);
  await expect(readSeed(join(directory, 'none'))).rejects.toThrow(ConfigError);
  await expect(readSeed(await write(JSON.stringify([{ ...client, id: 'anonymous' }])))).rejects.toThrow(ConfigError);
});
