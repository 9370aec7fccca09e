/**
 * The saga's failures as a matrix on real services: every call × every way to go wrong × {a worker that remembers its
 * workflows, a worker that replays each task from the start of the history}. In each cell the outcome, the workflow, the order's
 * history, the stock, the payment, the provider's books and the order of the undos have to agree.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { orderWorkflowId } from '../../contracts/ids.ts';
import type { OrderOutcome } from '../../contracts/order.ts';
import { WORKFLOWS_PATH } from '../../workers/bundle.ts';
import { FAULTS, type Fault, type Watched, withFaults } from './support/faults.ts';
import { CALLS, type ForwardCall, ROWS, type Undo } from './support/matrix-rows.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';
import { type Books, openShop, QUANTITY, type RealShop, STOCK } from './support/real-shop.ts';

const FAULT_NAMES = Object.keys(FAULTS).filter((name): name is Fault => name in FAULTS);
const CELLS = CALLS.flatMap((activity) => FAULT_NAMES.map((fault) => ({ activity, fault })));
type Cell = (typeof CELLS)[number];

const MODES = [
  { mode: 'remembered', settings: {}, atOnce: 22 },
  // One task at a time: without a cache the SDK drops a workflow task whose local activities run beside another one's.
  {
    mode: 'replayed',
    settings: { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskExecutions: 1, maxConcurrentWorkflowTaskPolls: 1 },
    atOnce: 11,
  },
];
// Milliseconds after which a step is given up: longer than a busy machine needs for one that works.
const GIVEN_UP_MS = 6_000;
const PATIENT_MS = 60_000;
const ALL_CELLS_MS = 240_000;

type Seen = {
  readonly watched: Watched;
  readonly outcome: OrderOutcome;
  readonly workflow: string;
  readonly books: Books;
  readonly late: unknown;
};

let shop: RealShop;
beforeAll(async () => {
  quietRuntime();
  shop = await openShop();
});
afterAll(() => shop.close());

describe.each(MODES)('$mode', ({ settings, atOnce }) => {
  const orders = new Map<string, Watched>();
  const seen = new Map<string, Seen>();
  let lab: OrderLab;

  beforeAll(async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: WORKFLOWS_PATH,
      workflowInterceptorModules: [fileURLToPath(new URL('./support/bug.ts', import.meta.url))],
      logger: new DefaultLogger('WARN'),
    });
    const activities = { ...shop.activities, ...withFaults(shop.activities, orders) };
    lab = await createOrderLab({ workflowBundle, settings, activities: () => activities });
    for (let n = 0; n < CELLS.length; n += atOnce) {
      await Promise.all(CELLS.slice(n, n + atOnce).map(async (cell) => seen.set(nameOf(cell), await run(cell))));
    }
  }, ALL_CELLS_MS);
  afterAll(() => lab.close());

  async function run(plan: Cell): Promise<Seen> {
    const submitted = await shop.submit();
    const handle = lab.temporal.client.workflow.getHandle(orderWorkflowId(submitted.orderId));
    const ended = Promise.withResolvers<undefined>();
    const watched: Watched = {
      plan,
      calls: [],
      effects: new Set(),
      late: undefined,
      cancel: () => handle.cancel(),
      ended: ended.promise,
    };
    orders.set(submitted.orderId, watched).set(submitted.userId, watched);
    const stepLimitMs = plan.fault.includes('given up') ? GIVEN_UP_MS : PATIENT_MS;
    const outcome = await lab.ask({ ...submitted, stepLimitMs }, { memo: { bug: bugOf(plan) } });
    await handle.result();
    ended.resolve(undefined);
    const late = await watched.late;
    const workflow = (await handle.describe()).status.name;
    return { watched, outcome, workflow, books: await shop.booksOf(submitted), late };
  }

  test.each(CELLS)('$activity: $fault', (cell) => {
    const found = seen.get(nameOf(cell));
    if (!found) throw new Error('This cell has not been run');
    const { watched, outcome, workflow, books, late } = found;
    expect(outcome).toMatchObject(expectedOutcome(cell));
    expect(workflow).toBe('COMPLETED');
    expect(undosOf(watched)).toEqual(expectedUndos(cell));
    expect(books).toEqual(expectedBooks(cell, watched, books.total));
    if (cell.fault === 'the call takes effect after its undo' && cell.activity !== 'validateUser') {
      expect(late).toMatchObject({ ok: false });
    }
  });
});

test('every cell was run in both modes, and no service finds anything wrong in its books', async () => {
  expect(CELLS).toHaveLength(CALLS.length * FAULT_NAMES.length);
  expect(CALLS.length).toBeGreaterThanOrEqual(6);
  const { violated, checked } = await shop.audit();
  expect(violated).toEqual([]);
  expect(checked).toBeGreaterThan(CELLS.length * MODES.length);
  process.stdout.write(`Failure matrix: ${CALLS.length} calls × ${FAULT_NAMES.length} faults × ${MODES.length} modes\n`);
});

function nameOf({ activity, fault }: Cell): string {
  return `${activity} ${fault}`;
}

function bugOf({ activity, fault }: Cell): string {
  if (fault === 'a bug in workflow code before the call') return `before:${activity}`;
  return fault === 'a bug in workflow code after the call' ? `after:${activity}` : '';
}

function expectedOutcome({ activity, fault }: Cell): object {
  if (FAULTS[fault] === 'confirmed') return { status: 'confirmed' };
  const { step } = ROWS[activity];
  const failure = (reason: string, at: string | null = step) => ({ status: 'cancelled', failure: { step: at, reason } });
  switch (fault) {
    case 'refused':
      return failure('fraud_review');
    case 'fails until the step is given up':
    case 'happens, its answers are lost until the step is given up':
      return failure('unavailable');
    case 'a bug in workflow code before the call':
    case 'a bug in workflow code after the call':
      return failure('internal');
    default:
      return failure('order_cancelled', null);
  }
}

function expectedUndos({ activity, fault }: Cell): readonly Undo[] {
  if (FAULTS[fault] === 'confirmed') return [];
  return fault === 'refused' ? ROWS[activity].afterRefusal : ROWS[activity].afterFault;
}

/** The undos that were called, in their order; an attempt that was repeated counts once. */
function undosOf({ calls }: Watched): string[] {
  const forward: readonly string[] = CALLS;
  return [...new Set(calls.filter((call) => !forward.includes(call)))];
}

/** What happened is what took effect; a cancelled order has undone all of it. */
function expectedBooks({ fault }: Cell, { effects }: Watched, total: number | null): Books {
  const cancelled = FAULTS[fault] === 'cancelled';
  const did = (call: ForwardCall) => effects.has(call);
  const paid = did('processPayment') && total !== null ? [total] : [];
  return {
    statuses: [
      'SUBMITTED',
      ...(did('createOrder') ? ['CREATED', 'RESERVED'] : []),
      ...(did('confirmOrder') ? ['PAID'] : []),
      ...(cancelled ? ['CANCELLED'] : []),
    ],
    stock: { stock: STOCK, reserved: cancelled ? 0 : QUANTITY },
    reservation: did('reserveInventory') ? (cancelled ? 'released' : 'confirmed') : null,
    payment:
      total !== null && did('processPayment')
        ? { status: cancelled ? 'REFUNDED' : 'COMPLETED', captured: total, refunded: cancelled ? total : 0 }
        : null,
    provider: { charges: paid, refunds: cancelled ? paid : [] },
    total: did('createOrder') ? total : null,
  };
}
