import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import * as z from 'zod';
import { DISPATCH_WORKFLOW_ID, DISPATCH_WORKFLOW_TYPE } from '../contracts/dispatch.ts';
import { orderWorkflowId } from '../contracts/ids.ts';
import { RECONCILE_SCHEDULE_ID } from '../contracts/reconcile.ts';
import { BACKGROUND_TASK_QUEUE } from '../contracts/task-queues.ts';
import type { RunningPlatform } from './platform.ts';
import type { Shop } from './shop.ts';

export type Counts = Readonly<
  Record<'history_events' | 'state_transitions' | 'grpc_calls' | 'sql_statements' | 'wal_bytes', number>
>;

/** Where counters are read: each service's metrics, and a PostgreSQL that tells how much it has logged. */
export type Meters = { readonly metrics: Readonly<Record<string, string>>; readonly postgres: string | undefined };

const METERED = ['users', 'products', 'orders', 'payments', 'notifications', 'gateway'];

/** The meters of a running platform. */
export async function metersOf(platform: Pick<RunningPlatform, 'status' | 'dataDir'>): Promise<Meters> {
  const { parts } = await platform.status();
  const http = (name: string) => /https?:\/\/\S+/.exec(parts.find((part) => part.name === name)?.address ?? '')?.[0] ?? '';
  const secrets = z
    .object({ postgres: z.string() })
    .parse(JSON.parse(readFileSync(join(platform.dataDir, 'secrets.json'), 'utf8')));
  const postgres = parts.find((part) => part.name === 'postgres')?.address;
  return {
    metrics: Object.fromEntries(METERED.map((name) => [name, http(name)])),
    postgres: postgres && `postgres://postgres:${secrets.postgres}@${postgres}/postgres`,
  };
}

/** What `orders` confirmed orders cost, on average; exact, because nothing else runs meanwhile. */
export async function countPerOrder({
  shop,
  client,
  meters,
  orders,
  paymentMethod,
}: {
  readonly shop: Shop;
  readonly client: Client;
  readonly meters: Meters;
  readonly orders: number;
  readonly paymentMethod: string;
}): Promise<Counts> {
  const product = await shop.createProduct({ stock: 10_000, priceMinor: 1_000 });
  const place = async () => {
    const placed = await shop.order({ items: [{ product_id: product.id, quantity: 1 }], payment_method: paymentMethod });
    return placed.body.id || placed.problem.order_id;
  };
  // The first one prepares statements and opens connections.
  await place();
  // It reads everything that all services ever did.
  const watchman = client.schedule.getHandle(RECONCILE_SCHEDULE_ID);
  await watchman.pause('What one order costs is being counted');
  // It asks every second, and what it tells is told beside the orders.
  const dispatcher = client.workflow.getHandle(DISPATCH_WORKFLOW_ID);
  await dispatcher.cancel();
  await dispatcher.result().catch(() => {});
  const startMs = performance.now();
  const before = await read(meters);
  const ids: string[] = [];
  for (let n = 0; n < orders; n += 1) ids.push(await place());
  const after = await read(meters);
  // What happens beside the orders, such as the sweeper's questions, happens as often while nothing is placed.
  await new Promise((resolve) => setTimeout(resolve, performance.now() - startMs));
  const idle = await read(meters);
  await watchman.unpause();
  await client.workflow.start(DISPATCH_WORKFLOW_TYPE, { workflowId: DISPATCH_WORKFLOW_ID, taskQueue: BACKGROUND_TASK_QUEUE });
  let events = 0;
  let transitions = 0;
  for (const id of ids) {
    const { historyLength, raw } = await client.workflow.getHandle(orderWorkflowId(id)).describe();
    events += historyLength;
    transitions += Number(raw.workflowExecutionInfo?.stateTransitionCount ?? 0);
  }
  const each = (total: number) => Math.round((total / orders) * 10) / 10;
  return {
    history_events: each(events),
    state_transitions: each(transitions),
    grpc_calls: each(after.grpc - before.grpc),
    sql_statements: each(after.sql - before.sql - (idle.sql - after.sql)),
    wal_bytes: each(after.wal - before.wal),
  };
}

async function read({ metrics, postgres }: Meters): Promise<{ grpc: number; sql: number; wal: number }> {
  let grpc = 0;
  let sql = 0;
  for (const address of Object.values(metrics)) {
    const text = await (await fetch(`${address}/metrics`)).text();
    grpc += sum(text, 'grpc_server_handled_total');
    sql += sum(text, 'sql_statements_total');
  }
  return { grpc, sql, wal: postgres === undefined ? 0 : await walBytes(postgres) };
}

function sum(text: string, metric: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function walBytes(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ bytes: string }>(`select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes`);
    return Number(rows[0]?.bytes ?? 0);
  } finally {
    await client.end();
  }
}
