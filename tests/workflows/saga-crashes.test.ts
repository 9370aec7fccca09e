/**
 * The matrix's crashes: the worker dies by kill -9 before and after every call of the saga, undos among them, takes effect. Another
 * one finishes the order, and all books agree. Real services; every death takes all other orders in flight with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import pino from 'pino';
import { orderWorkflowId } from '../../contracts/ids.ts';
import {
  NEW_ORDER,
  ORDER_WORKFLOW_TYPE,
  type OrderInput,
  type OrderOutcome,
  orderStatusAttribute,
} from '../../contracts/order.ts';
import { FORWARD_CALLS, UNDO_CALLS } from '../../testkit/saga-activities.ts';
import { createTestTemporal, type TestTemporal } from '../../testkit/temporal.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { registerSearchAttributes } from '../../workers/search-attributes.ts';
import type { CrashOrder } from './support/crashing-worker.ts';
import { MODES } from './support/modes.ts';
import { type Books, openShop, QUANTITY, type RealShop, STOCK, TOTAL } from './support/real-shop.ts';

// The undos run when a paid order's hold has expired.
const CELLS = [
  ...FORWARD_CALLS.map((activity) => ({ activity, holdExpired: false })),
  ...UNDO_CALLS.map((activity) => ({ activity, holdExpired: true })),
].flatMap((cell) => (['before', 'after'] as const).map((when) => ({ ...cell, when })));
type Cell = (typeof CELLS)[number];

// Deaths wait for each other; workers that share no task queue die at the same time.
const WORKERS = 3;

// Milliseconds. Without a cache the orders' tasks come one after the other, and every death makes one of them wait.
const ALL_CELLS_MS = 600_000;

type Seen = { readonly outcome: OrderOutcome; readonly workflow: string; readonly books: Books };
const folder = mkdtempSync(join(tmpdir(), 'shopfast-deaths-'));
const codePath = join(folder, 'workflows.cjs');
let shop: RealShop;
let temporal: TestTemporal;

beforeAll(async () => {
  shop = await openShop();
  temporal = await createTestTemporal();
  const connection = await NativeConnection.connect({ address: temporal.address });
  await registerSearchAttributes(connection, temporal.namespace, pino({ level: 'silent' }));
  await connection.close();
  writeFileSync(codePath, (await bundleWorkflows()).code);
});

afterAll(async () => {
  await temporal.close();
  await shop.close();
  rmSync(folder, { recursive: true });
});

describe.each(MODES)('$mode', ({ mode }) => {
  const seen = new Map<Cell, Seen>();
  const deaths = join(folder, mode);
  const workers: ReturnType<typeof keepRunning>[] = [];

  beforeAll(async () => {
    mkdirSync(deaths);
    const shares = Array.from({ length: WORKERS }, (_, share) => CELLS.filter((_cell, nth) => nth % WORKERS === share));
    await Promise.all(shares.map(runShare));
  }, ALL_CELLS_MS);
  afterAll(() => {
    for (const worker of workers) worker.end();
  });

  async function runShare(cells: readonly Cell[]): Promise<void> {
    const orders = await Promise.all(cells.map(async (cell) => ({ cell, submitted: await shop.submit() })));
    const plan: CrashOrder['plan'] = {};
    for (const { cell, submitted } of orders) {
      plan[cell.activity === 'validateUser' ? submitted.userId : submitted.orderId] = cell;
    }
    const { address, namespace } = temporal;
    const taskQueue = `crashes-${randomUUID()}`;
    const { addresses } = shop;
    workers.push(keepRunning({ temporal: address, namespace, taskQueue, codePath, mode, addresses, plan, deaths }));
    await Promise.all(orders.map(async ({ cell, submitted }) => seen.set(cell, await run(submitted, taskQueue))));
  }

  async function run(submitted: Awaited<ReturnType<RealShop['submit']>>, taskQueue: string): Promise<Seen> {
    const args: [OrderInput] = [{ ...NEW_ORDER, ...submitted, stepLimitMs: ALL_CELLS_MS }];
    const handle = await temporal.client.workflow.start(ORDER_WORKFLOW_TYPE, {
      workflowId: orderWorkflowId(submitted.orderId),
      taskQueue,
      args,
      // A worker that died in a local step is noticed after this.
      workflowTaskTimeout: '3 seconds',
      typedSearchAttributes: [{ key: orderStatusAttribute, value: 'SUBMITTED' }],
    });
    const outcome = await handle.result();
    const workflow = (await handle.describe()).status.name;
    return { outcome, workflow, books: await shop.booksOf(submitted) };
  }

  test.each(CELLS)('a crash $when $activity takes effect: the order ends once, and every book agrees', (cell) => {
    const found = seen.get(cell);
    if (!found) throw new Error('This cell has not been run');
    const { outcome, workflow, books } = found;
    expect(workflow).toBe('COMPLETED');
    expect(outcome).toMatchObject(cell.holdExpired ? EXPIRED : { status: 'confirmed' });
    expect(books).toEqual(cell.holdExpired ? UNDONE : CONFIRMED);
  });

  test('every order had its crash', () => {
    expect(readdirSync(deaths)).toHaveLength(CELLS.length);
    const died = workers.reduce((sum, worker) => sum + worker.deaths(), 0);
    expect(died).toBeGreaterThan(1);
    process.stdout.write(`Crashes of the worker, ${mode}: ${CELLS.length} orders, ${died} deaths\n`);
  });
});

test('no service finds anything wrong in its books', async () => {
  const { violated, checked } = await shop.audit();
  expect(violated).toEqual([]);
  expect(checked).toBeGreaterThan(CELLS.length * MODES.length);
});

/** A new worker for every one that dies, until the end. */
function keepRunning(order: CrashOrder) {
  const path = fileURLToPath(new URL('./support/crashing-worker.ts', import.meta.url));
  let ending = false;
  let deaths = 0;
  function start(): ChildProcess {
    const started = fork(path, [JSON.stringify(order)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    started.once('exit', (_, signal) => {
      if (ending) return;
      if (signal === 'SIGKILL') deaths += 1;
      worker = start();
    });
    return started;
  }
  let worker = start();
  return {
    deaths: () => deaths,
    end() {
      ending = true;
      worker.kill('SIGKILL');
    },
  };
}

const EXPIRED = { status: 'cancelled', failure: { step: 'ConfirmOrder', reason: 'hold_expired', facts: {} } } as const;

const CONFIRMED: Books = {
  statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
  stock: { stock: STOCK, reserved: QUANTITY },
  reservation: 'confirmed',
  payment: { status: 'COMPLETED', captured: TOTAL, refunded: 0 },
  provider: { charges: [TOTAL], refunds: [] },
  total: TOTAL,
  failure: null,
};

const UNDONE: Books = {
  statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'CANCELLED'],
  stock: { stock: STOCK, reserved: 0 },
  reservation: 'released',
  payment: { status: 'REFUNDED', captured: TOTAL, refunded: TOTAL },
  provider: { charges: [TOTAL], refunds: [TOTAL] },
  total: TOTAL,
  failure: EXPIRED.failure,
};
