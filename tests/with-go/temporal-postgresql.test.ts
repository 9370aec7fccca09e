/**
 * The production-like way of running, for real: a whole Temporal server on a PostgreSQL of its own, and the platform's databases on a
 * cluster that the platform did not start.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import * as z from 'zod';
import { ROOT } from '../../local/paths.ts';
import { isDecided } from '../../testkit/decided.ts';
import { eventually } from '../../testkit/eventually.ts';
import { concurrently } from '../../testkit/load/concurrently.ts';
import { persist } from '../../testkit/persist.ts';
import { makeDataDir, type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { allGone, known } from '../../testkit/processes.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';
import { startTemporalOnPostgresql, type TemporalOnPostgresql } from '../../testkit/temporal-postgresql/start.ts';
import { reconcileNow } from '../../tools/reconcile.ts';
import { type ExternalCluster, startExternalCluster } from './external-cluster.ts';

// Orders that are under way while something is killed, and how many at once.
const ORDERS = 60;
const AT_ONCE = 10;
const KINDS = ['tok_ok', 'tok_ok', 'tok_ok', 'tok_declined', 'no stock', 'tok_timeout_after_charge'];
// The longest back-off is a minute.
const END_LIMIT_MS = 180_000;
const GONE_LIMIT_MS = 10_000;

let temporal: TemporalOnPostgresql;
let cluster: ExternalCluster;
let platform: RunningPlatform;
let shop: Shop;

beforeAll(async () => {
  // One after the other: the first may have to be built.
  temporal = await startTemporalOnPostgresql();
  cluster = await startExternalCluster();
  platform = await startPlatform({
    env: { ...cluster.environment, TEMPORAL_ADDRESS: temporal.address, ORDER_WAIT_MS: '3000' },
  });
  shop = await createShop(platform.facts);
}, 3_000_000);
afterAll(async () => {
  await platform?.stop();
  await temporal?.stop();
  await cluster?.stop();
});

test('the platform starts neither Temporal nor PostgreSQL', async () => {
  const { parts } = await platform.status();
  const names = parts.map(({ name }) => name);
  expect(names).toContain('worker');
  expect(names).not.toContain('temporal');
  expect(names).not.toContain('postgres');
});

test('a good order is paid, a declined one and one without stock are undone', async () => {
  const { id } = await shop.createProduct({ stock: 1, priceMinor: 1_000 });
  const order = (payment_method: string) => shop.order({ items: [{ product_id: id, quantity: 1 }], payment_method });

  const declined = await order('tok_declined');
  expect([declined.status, declined.problem.reason]).toEqual([402, 'payment_declined']);
  expect(await shop.stockOf(id)).toEqual({ stock: 1, available: 1 });

  const good = await order('tok_ok');
  expect([good.status, good.body.status]).toEqual([201, 'PAID']);
  expect(await shop.chargesOf(good.body.id)).toHaveLength(1);

  const late = await order('tok_ok');
  expect([late.status, late.problem.reason]).toEqual([409, 'insufficient_stock']);
});

test.each([
  ['Temporal and its PostgreSQL are', () => Object.values(temporal.pids())],
  ["the platform's PostgreSQL is", () => [cluster.pid()]],
])('60 orders while %s killed with -9: every order ends once, and all books agree', async (_, victims) => {
  const plenty = await shop.createProduct({ stock: 1_000, priceMinor: 1_000 });
  const none = await shop.createProduct({ stock: 0, priceMinor: 1_000 });
  const kinds = Array.from({ length: ORDERS }, (_, n) => KINDS[n % KINDS.length] ?? '');
  const ids = new Set<string>();
  const load = concurrently(kinds, AT_ONCE, async (kind) => {
    const product_id = kind === 'no stock' ? none.id : plenty.id;
    const request = { items: [{ product_id, quantity: 1 }], payment_method: kind.startsWith('tok_') ? kind : 'tok_ok' };
    const key = randomUUID();
    const answer = await persist(() => shop.order(request, key));
    ids.add(answer.body.id || answer.problem.order_id);
  });
  await eventually(
    async () => ids.size,
    (answered) => answered >= ORDERS / 4,
    END_LIMIT_MS,
  );
  for (const pid of victims()) process.kill(pid, 'SIGKILL');
  const answeredBefore = ids.size;
  await load;
  expect(answeredBefore).toBeLessThan(ORDERS);
  expect(ids.size).toBe(ORDERS);

  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const open = new Set(ids);
  await eventually(
    async () => {
      for (const id of open) if (await isDecided(client, id)) open.delete(id);
      return [...open];
    },
    (left) => left.length === 0,
    END_LIMIT_MS,
  );
  const { findings } = await reconcileNow(client, { quietMs: 0, repair: false });
  await connection.close();
  expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
  expect(findings.reduce((sum, { checked }) => sum + checked, 0)).toBeGreaterThan(ORDERS);

  const orders = await Promise.all([...ids].map((id) => shop.getOrder(id)));
  const paid = orders.filter(({ status }) => status === 'PAID').length;
  const wanted = kinds.filter((kind) => kind === 'tok_ok' || kind === 'tok_timeout_after_charge').length;
  expect([paid, orders.length - paid]).toEqual([wanted, ORDERS - wanted]);
  expect(await shop.stockOf(plenty.id)).toEqual({ stock: 1_000, available: 1_000 - wanted });
});

test('kill -9 of whoever started Temporal on PostgreSQL leaves nothing within 10 s', async () => {
  // Whoever is killed cannot tidy up.
  const folder = makeDataDir();
  const env = { ...process.env, TMPDIR: folder };
  const child = fork('tests/with-go/start-temporal.ts', { cwd: ROOT, execPath: process.execPath, execArgv: [], env });
  const [message] = await once(child, 'message');
  const processes = z.array(z.number()).length(2).parse(message).map(known);
  child.kill('SIGKILL');
  await allGone(processes, GONE_LIMIT_MS);
  rmSync(folder, { recursive: true });
});
