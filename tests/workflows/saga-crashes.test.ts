/**
 * The matrix's crashes: the worker dies by kill -9 before and after every call of the saga, undos among them, takes effect. Another
 * one finishes the order, and all books agree. Real services; every death takes all other orders in flight with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import pino from 'pino';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { ORDER_WORKFLOW_TYPE, type OrderInput, type OrderOutcome, orderStatusAttribute } from '../../contracts/order.ts';
import { registerSearchAttributes } from '../../workers/search-attributes.ts';
import { createTestTemporal, type TestTemporal } from '../support/temporal.ts';
import type { CrashOrder } from './support/crashing-worker.ts';
import { CALLS } from './support/matrix-rows.ts';
import { type Books, openShop, QUANTITY, type RealShop, STOCK } from './support/real-shop.ts';

const UNDOS = ['refundPayment', 'releaseInventory', 'cancelOrder'] as const;
// The undos run when a paid order's hold has expired.
const CELLS = [
  ...CALLS.map((activity) => ({ activity, holdExpired: false })),
  ...UNDOS.map((activity) => ({ activity, holdExpired: true })),
].flatMap((cell) => (['before', 'after'] as const).map((when) => ({ ...cell, when })));
type Cell = (typeof CELLS)[number];
const ALL_CELLS_MS = 180_000;

type Seen = { readonly outcome: OrderOutcome; readonly workflow: string; readonly books: Books };
const seen = new Map<string, Seen>();
const deaths = mkdtempSync(join(tmpdir(), 'shopfast-deaths-'));
let shop: RealShop;
let temporal: TestTemporal;
let worker: ChildProcess | undefined;
let died = 0;

beforeAll(async () => {
  shop = await openShop();
  temporal = await createTestTemporal();
  const connection = await NativeConnection.connect({ address: temporal.address });
  await registerSearchAttributes(connection, temporal.namespace, pino({ level: 'silent' }));
  await connection.close();
  const taskQueue = `crashes-${randomUUID()}`;
  const orders = await Promise.all(CELLS.map(async (cell) => ({ cell, submitted: await shop.submit() })));
  const plan: CrashOrder['plan'] = {};
  for (const { cell, submitted } of orders) {
    plan[cell.activity === 'validateUser' ? submitted.userId : submitted.orderId] = cell;
  }
  const { address, namespace, client } = temporal;
  keepRunning({ temporal: address, namespace, taskQueue, addresses: shop.addresses, plan, deaths });
  await Promise.all(
    orders.map(async ({ cell, submitted }) => {
      const args: [OrderInput] = [{ ...submitted, stepLimitMs: ALL_CELLS_MS }];
      const handle = await client.workflow.start(ORDER_WORKFLOW_TYPE, {
        workflowId: orderWorkflowId(submitted.orderId),
        taskQueue,
        args,
        // A worker that died in a local step is noticed after this.
        workflowTaskTimeout: '3 seconds',
        typedSearchAttributes: [{ key: orderStatusAttribute, value: 'SUBMITTED' }],
      });
      const outcome = await handle.result();
      const workflow = (await handle.describe()).status.name;
      seen.set(nameOf(cell), { outcome, workflow, books: await shop.booksOf(submitted) });
    }),
  );
}, ALL_CELLS_MS);

afterAll(async () => {
  const last = worker;
  worker = undefined;
  last?.kill('SIGKILL');
  await temporal.close();
  await shop.close();
  rmSync(deaths, { recursive: true });
});

/** A new worker for every one that dies, until the test ends. */
function keepRunning(order: CrashOrder): void {
  const path = fileURLToPath(new URL('./support/crashing-worker.ts', import.meta.url));
  const started = fork(path, [JSON.stringify(order)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  worker = started;
  started.once('exit', (_, signal) => {
    if (worker !== started) return;
    if (signal === 'SIGKILL') died += 1;
    keepRunning(order);
  });
}

test.each(CELLS)('a crash $when $activity takes effect: the order ends once, and every book agrees', (cell) => {
  const found = seen.get(nameOf(cell));
  if (!found) throw new Error('This cell has not been run');
  const { outcome, workflow, books } = found;
  expect(workflow).toBe('COMPLETED');
  expect(outcome.status).toBe(cell.holdExpired ? 'cancelled' : 'confirmed');
  const paid = books.total === null ? [] : [books.total];
  expect(books).toMatchObject(
    !cell.holdExpired
      ? {
          statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
          stock: { stock: STOCK, reserved: QUANTITY },
          reservation: 'confirmed',
          payment: { status: 'COMPLETED', refunded: 0 },
          provider: { charges: paid, refunds: [] },
        }
      : {
          statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'CANCELLED'],
          stock: { stock: STOCK, reserved: 0 },
          reservation: 'released',
          payment: { status: 'REFUNDED' },
          provider: { charges: paid, refunds: paid },
        },
  );
});

test('every order had its crash, and no service finds anything wrong in its books', async () => {
  expect(readdirSync(deaths)).toHaveLength(CELLS.length);
  expect(died).toBeGreaterThan(1);
  const { violated, checked } = await shop.audit();
  expect(violated).toEqual([]);
  expect(checked).toBeGreaterThan(CELLS.length);
  process.stdout.write(`Crashes of the worker: ${CELLS.length} orders, ${died} deaths\n`);
});

function nameOf({ activity, when }: Cell): string {
  return `${when} ${activity}`;
}
