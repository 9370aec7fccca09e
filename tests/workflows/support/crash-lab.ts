/**
 * Orders whose worker dies in a call: worker processes of their own (crashing-worker.ts), each replaced when it dies. Before its
 * replacement starts, `aftermath` may happen to the order whose call it died in.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeConnection } from '@temporalio/worker';
import pino from 'pino';
import { ORDER_WORKFLOW_TYPE, type OrderEnd, type OrderInput } from '../../../contracts/order.ts';
import { startOrderOptions } from '../../../contracts/start-order.ts';
import { isDecided } from '../../../testkit/decided.ts';
import { eventually } from '../../../testkit/eventually.ts';
import { createTestTemporal, type TestTemporal } from '../../../testkit/temporal.ts';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import { registerSearchAttributes } from '../../../workers/search-attributes.ts';
import type { CrashOrder } from './crashing-worker.ts';
import type { Mode } from './modes.ts';
import type { Books, RealShop } from './real-shop.ts';

// Deaths wait for each other; workers that share no task queue die at the same time.
const WORKERS = 3;

// Milliseconds. Without a cache the orders' tasks come one after the other, and every death makes one of them wait.
export const ALL_CRASHES_MS = 600_000;

export type Submitted = Awaited<ReturnType<RealShop['submit']>>;

/** A death, and what happens to its order before another worker takes over. */
export type Crash = CrashOrder['plan'][string] & {
  readonly aftermath?: (order: Submitted, cancel: () => Promise<unknown>) => Promise<unknown> | undefined;
};

export type Crashed = {
  readonly outcome: OrderEnd | { readonly status: 'confirmed' };
  readonly workflow: string;
  readonly books: Books;
};

export async function openCrashLab(shop: RealShop) {
  const workers: ReturnType<typeof keepRunning>[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-deaths-'));
  const codePath = join(folder, 'workflows.cjs');
  const temporal = await createTestTemporal();
  const connection = await NativeConnection.connect({ address: temporal.address });
  await registerSearchAttributes(connection, temporal.namespace, pino({ level: 'silent' }));
  await connection.close();
  writeFileSync(codePath, (await bundleWorkflows()).code);

  /** One order for each crash; answers what became of it, and how many orders and workers died. */
  async function run<C extends Crash>(crashes: readonly C[], mode: Mode['mode']) {
    const deaths = join(folder, mode);
    mkdirSync(deaths);
    const seen = new Map<C, Crashed>();
    const shares = Array.from({ length: WORKERS }, (_, share) => crashes.filter((_crash, nth) => nth % WORKERS === share));
    const died = await Promise.all(shares.map((share) => runShare(share, { mode, deaths, seen })));
    return { seen, orders: readdirSync(deaths).length, workers: died.reduce((sum, number) => sum + number, 0) };
  }

  async function runShare<C extends Crash>(
    crashes: readonly C[],
    { mode, deaths, seen }: { mode: Mode['mode']; deaths: string; seen: Map<C, Crashed> },
  ): Promise<number> {
    const orders = await Promise.all(crashes.map(async (crash) => ({ crash, order: await shop.submit() })));
    const byId = new Map(
      orders.map((one) => [one.crash.activity === 'validateUser' ? one.order.userId : one.order.orderId, one]),
    );
    const plan = Object.fromEntries(
      [...byId].map(
        ([
          id,
          {
            crash: { activity, when, holdExpired },
          },
        ]) => [id, { activity, when, holdExpired }],
      ),
    );
    const { address, namespace } = temporal;
    const taskQueue = `crashes-${randomUUID()}`;
    const given = { temporal: address, namespace, taskQueue, codePath, mode, addresses: shop.addresses, plan, deaths };
    const over = new Set<string>();
    const started = await Promise.all(
      orders.map(async ({ crash, order }) => ({ crash, order, handle: await start(temporal, { crash, order, taskQueue }) })),
    );
    const worker = keepRunning(given, async () => {
      for (const id of readdirSync(deaths).filter((name) => byId.has(name) && !over.has(name))) {
        over.add(id);
        const one = started.find(({ order: { orderId, userId } }) => orderId === id || userId === id);
        await one?.crash.aftermath?.(one.order, () => one.handle.cancel());
      }
    });
    workers.push(worker);
    await Promise.all(
      started.map(async ({ crash, order, handle }) => {
        // Not by an Update: the server takes none while a workflow task is to be tried again.
        await eventually(() => isDecided(temporal.client, order.orderId), Boolean, ALL_CRASHES_MS);
        const workflow = (await handle.describe()).status.name;
        // A confirmed order lives on.
        const outcome = workflow === 'RUNNING' ? ({ status: 'confirmed' } as const) : await handle.result();
        seen.set(crash, { outcome, workflow, books: await shop.booksOf(order) });
      }),
    );
    return worker.end();
  }

  return {
    run,
    async close() {
      // Those of a run that failed.
      for (const worker of workers) worker.end();
      await temporal.close();
      rmSync(folder, { recursive: true });
    },
  };
}

// A worker that died in a local step is noticed after this. At four fifths of it the SDK writes down the local attempts that have
// ended, and an order is to lose them all before its aftermath.
const TASK_TIMEOUT = '3 seconds';
const TASK_TIMEOUT_BEFORE_AFTERMATH = '10 seconds';

function start(
  { client }: TestTemporal,
  { crash, order, taskQueue }: { readonly crash: Crash; readonly order: Submitted; readonly taskQueue: string },
) {
  const limits = { submittedAt: '2026-01-01T00:00:00.000Z', stepLimitMs: ALL_CRASHES_MS, returnWindowMs: ALL_CRASHES_MS };
  return client.workflow.start<(input: OrderInput) => Promise<OrderEnd>>(ORDER_WORKFLOW_TYPE, {
    ...startOrderOptions({ ...order, ...limits }, taskQueue),
    workflowTaskTimeout: crash.aftermath ? TASK_TIMEOUT_BEFORE_AFTERMATH : TASK_TIMEOUT,
  });
}

/** A new worker for every one that dies, until the end; `before` each of them. */
function keepRunning(order: CrashOrder, before: () => Promise<void>) {
  const path = fileURLToPath(new URL('./crashing-worker.ts', import.meta.url));
  let ending = false;
  let deaths = 0;
  function start(): ChildProcess {
    const started = fork(path, [JSON.stringify(order)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    started.once('exit', (_, signal) => {
      if (ending) return;
      if (signal === 'SIGKILL') deaths += 1;
      void before().then(() => {
        if (!ending) worker = start();
      });
    });
    return started;
  }
  let worker = start();
  return {
    end(): number {
      ending = true;
      worker.kill('SIGKILL');
      return deaths;
    },
  };
}
