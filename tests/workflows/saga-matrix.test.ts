/**
 * The saga's failures as a matrix on real services: every call × every way to go wrong × {a worker that remembers its
 * workflows, a worker that replays each task from the start of the history}. In each cell the outcome, the workflow, the order's
 * history, the stock, the payment, the provider's books and the order of the undos have to agree.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { orderWorkflowId } from '../../contracts/ids.ts';
import type { OrderOutcome } from '../../contracts/order.ts';
import { SAGA_STEPS, type UndoActivity } from '../../contracts/saga-steps.ts';
import { FORWARD_CALLS, type ForwardCall, isUndo, stepOfCall, undosAt } from '../../testkit/saga-activities.ts';
import { WORKFLOWS_PATH } from '../../workers/bundle.ts';
import { CRASHES, FAULTS, type Fault, type Watched, withFaults } from './support/faults.ts';
import { ROWS } from './support/matrix-rows.ts';
import { MODES } from './support/modes.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';
import { type Books, openShop, QUANTITY, type RealShop, STOCK, TOTAL } from './support/real-shop.ts';

const FAULT_NAMES = Object.keys(FAULTS).filter((name): name is Fault => name in FAULTS);
// MATRIX_CALLS=processPayment,confirmOrder: only these calls' cells, as while a step is being written.
const only = process.env.MATRIX_CALLS?.split(',');
const CALLS = FORWARD_CALLS.filter((call) => only === undefined || only.includes(call));
// Between the two calls of ConfirmOrder no workflow code is run: they are one activity.
const IMPOSSIBLE: readonly Cell[] = [
  { activity: 'confirmReservation', fault: 'a bug in workflow code after the call' },
  { activity: 'confirmOrder', fault: 'a bug in workflow code before the call' },
];
const CELLS = CALLS.flatMap((activity) => FAULT_NAMES.map((fault) => ({ activity, fault }))).filter(isPossible);
type Cell = { readonly activity: ForwardCall; readonly fault: Fault };

function isPossible({ activity, fault }: Cell): boolean {
  return !IMPOSSIBLE.some((cell) => cell.activity === activity && cell.fault === fault);
}

// Milliseconds after which a step is given up: longer than a busy machine needs for one that works.
const GIVEN_UP_MS = 6_000;
const PATIENT_MS = 60_000;
const ALL_CELLS_MS = 600_000;

type Seen = {
  readonly watched: Watched;
  readonly outcome: OrderOutcome;
  readonly workflow: string;
  readonly books: Books;
  readonly traces: Readonly<Record<string, unknown>>;
  readonly late: unknown;
};

const NOT_RUN: PromiseRejectedResult = { status: 'rejected', reason: new Error('This cell has not been run') };

let shop: RealShop;
/** Cells of both modes in which everything was as it has to be. */
const agreed: Cell[] = [];
beforeAll(async () => {
  quietRuntime();
  shop = await openShop();
});
afterAll(() => shop.close());

describe.each(MODES)('$mode', ({ settings, ordersAtOnce }) => {
  const orders = new Map<string, Watched>();
  const seen = new Map<string, PromiseSettledResult<Seen>>();
  let lab: OrderLab;

  beforeAll(async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: WORKFLOWS_PATH,
      workflowInterceptorModules: [fileURLToPath(new URL('./support/bug.ts', import.meta.url))],
      logger: new DefaultLogger('WARN'),
    });
    const activities = withFaults(shop.activities, orders);
    lab = await createOrderLab({ workflowBundle, settings, activities });
    for (let n = 0; n < CELLS.length; n += ordersAtOnce) {
      const cells = CELLS.slice(n, n + ordersAtOnce);
      const settled = await Promise.allSettled(cells.map(run));
      for (const [at, cell] of cells.entries()) seen.set(nameOf(cell), settled[at] ?? NOT_RUN);
    }
  }, ALL_CELLS_MS);
  afterAll(() => lab.close());

  async function run(plan: Cell): Promise<Seen> {
    const refusal = plan.fault === 'refused' ? ROWS[plan.activity].refusal : undefined;
    const submitted = await shop.submit(refusal?.paymentMethod);
    const handle = lab.temporal.client.workflow.getHandle(orderWorkflowId(submitted.orderId));
    const ended = Promise.withResolvers<undefined>();
    let provoked: Promise<unknown> | undefined;
    const watched: Watched = {
      plan,
      calls: [],
      late: undefined,
      cancel: () => handle.cancel(),
      provoke: async () => (provoked ??= refusal?.provoke?.(shop, submitted)),
      refusedAndAskedAgain: false,
      ended: ended.promise,
    };
    orders.set(submitted.orderId, watched).set(submitted.userId, watched);
    const stepLimitMs = plan.fault.includes('given up') ? GIVEN_UP_MS : PATIENT_MS;
    const outcome = await lab.ask({ ...submitted, stepLimitMs }, { memo: { bug: bugOf(plan) } });
    if (outcome.status === 'cancelled') await handle.result();
    ended.resolve(undefined);
    const late = await watched.late;
    const workflow = (await handle.describe()).status.name;
    const traces = await tracesOf(submitted);
    return { watched, outcome, workflow, books: await shop.booksOf(submitted), traces, late };
  }

  test.each(CELLS)('$activity: $fault', (cell) => {
    const found = seen.get(nameOf(cell)) ?? NOT_RUN;
    // An order that failed is the failure of its own cell.
    if (found.status === 'rejected') throw found.reason;
    const { watched, outcome, workflow, books, traces, late } = found.value;
    expect(outcome).toMatchObject(expectedOutcome(cell));
    // A confirmed order lives on.
    expect(workflow).toBe(outcome.status === 'confirmed' ? 'RUNNING' : 'COMPLETED');
    expect(undosOf(watched)).toEqual(expectedUndos(cell));
    expect(books).toEqual(expectedBooks(cell, outcome));
    expect(traces).toEqual(expectedTraces(cell));
    expect(watched.refusedAndAskedAgain).toBe(false);
    if (cell.fault === 'the call takes effect after its undo') {
      const { late: reason } = ROWS[cell.activity];
      expect(late).toMatchObject(reason ? { ok: false, reason } : { ok: true });
    }
    agreed.push(cell);
  });
});

test('every cell was run in both modes, and no service finds anything wrong in its books', async () => {
  const impossible = IMPOSSIBLE.filter(({ activity }) => CALLS.includes(activity));
  expect(CELLS).toHaveLength(CALLS.length * FAULT_NAMES.length - impossible.length);
  expect(CALLS.length).toBeGreaterThanOrEqual(only ? 1 : 6);
  expect(CALLS).toEqual(only ?? FORWARD_CALLS);
  const { violated, checked } = await shop.audit();
  expect(violated).toEqual([]);
  expect(checked).toBeGreaterThan(CELLS.length * MODES.length);
  process.stdout.write(summary());
});

test('the guide says of every fault how the order ends', () => {
  const guide = readFileSync(new URL('../../docs/guides/failure-matrix.md', import.meta.url), 'utf8');
  const told = guide.split('\n').filter((line) => /^\|.*\| (yes|no) \|$/.test(line));
  const courses = Object.entries({ ...FAULTS, ...CRASHES });
  expect(told).toEqual(courses.map(([fault, { ends, happens }]) => `| ${fault} | ${ends} | ${happens ? 'yes' : 'no'} |`));
});

function nameOf({ activity, fault }: Cell): string {
  return `${activity} ${fault}`;
}

function bugOf({ activity, fault }: Cell): string {
  if (fault === 'a bug in workflow code before the call') return `before:${activity}`;
  return fault === 'a bug in workflow code after the call' ? `after:${activity}` : '';
}

function expectedOutcome({ activity, fault }: Cell): object {
  if (FAULTS[fault].ends === 'confirmed') return { status: 'confirmed' };
  const step = stepOfCall(activity);
  const failure = (reason: string, at: string | null = step) => ({ status: 'cancelled', failure: { step: at, reason } });
  switch (fault) {
    case 'refused':
      return failure(ROWS[activity].refusal.reason);
    case 'fails until the step is given up':
    case 'happens, its answers are lost until the step is given up':
      return failure('unavailable');
    case 'fails for good':
    case 'a bug in workflow code before the call':
    case 'a bug in workflow code after the call':
      return failure('internal');
    default:
      return failure('order_cancelled', null);
  }
}

/** Newest first. A refusal proves that its step did not happen; any other call may have happened. */
function expectedUndos({ activity, fault }: Cell): readonly UndoActivity[] {
  if (FAULTS[fault].ends === 'confirmed') return [];
  const step = stepOfCall(activity);
  const { undo } = SAGA_STEPS[step];
  return undosAt(step).filter((call) => fault !== 'refused' || call !== undo);
}

/** The undos that were called, in their order; an attempt that was repeated counts once. */
function undosOf({ calls }: Watched): string[] {
  return [...new Set(calls.filter(isUndo))];
}

async function tracesOf(order: Awaited<ReturnType<RealShop['submit']>>): Promise<Record<string, unknown>> {
  const read = FORWARD_CALLS.map(async (call) => [call, await ROWS[call].trace?.read(shop, order)] as const);
  return Object.fromEntries(await Promise.all(read));
}

function expectedTraces(cell: Cell): Record<string, unknown> {
  const did = callsThatHappened(cell);
  const cancelled = FAULTS[cell.fault].ends === 'cancelled';
  return Object.fromEntries(
    FORWARD_CALLS.map((call) => {
      const { trace } = ROWS[call];
      if (trace === undefined) return [call, undefined];
      return [call, did(call) ? (cancelled ? trace.undone : trace.done) : null];
    }),
  );
}

/** Every call before the faulty one, and that one when its fault says so. */
function callsThatHappened({ activity, fault }: Cell): (call: ForwardCall) => boolean {
  const { ends, happens } = FAULTS[fault];
  const at = FORWARD_CALLS.indexOf(activity);
  const last = ends === 'cancelled' ? at + (happens ? 0 : -1) : FORWARD_CALLS.length - 1;
  return (call) => FORWARD_CALLS.indexOf(call) <= last;
}

/** A cancelled order has undone all that happened. */
function expectedBooks(cell: Cell, outcome: OrderOutcome): object {
  const { activity, fault } = cell;
  const cancelled = FAULTS[fault].ends === 'cancelled';
  const did = callsThatHappened(cell);
  const paid = did('processPayment') ? [TOTAL] : [];
  const books: Books = {
    statuses: [
      'SUBMITTED',
      ...(did('createOrder') ? ['CREATED', 'RESERVED'] : []),
      ...(did('confirmOrder') ? ['PAID'] : []),
      ...(cancelled ? ['CANCELLED'] : []),
    ],
    stock: { stock: STOCK, reserved: cancelled ? 0 : QUANTITY },
    reservation: did('reserveInventory') ? (cancelled ? 'released' : 'confirmed') : null,
    payment: did('processPayment')
      ? { status: cancelled ? 'REFUNDED' : 'COMPLETED', captured: TOTAL, refunded: cancelled ? TOTAL : 0 }
      : null,
    provider: { charges: paid, refunds: cancelled ? paid : [] },
    total: did('createOrder') ? TOTAL : null,
    failure: outcome.status === 'cancelled' ? outcome.failure : null,
  };
  return fault === 'refused' ? { ...books, ...ROWS[activity].refusal.leaves } : books;
}

function summary(): string {
  const rows = FAULT_NAMES.map((fault) => {
    const cells = agreed.filter((cell) => cell.fault === fault).length;
    const all = CELLS.filter((cell) => cell.fault === fault).length * MODES.length;
    return `  ${`${cells} of ${all}`.padEnd(9)} ${fault}`;
  });
  const all = CELLS.length * MODES.length;
  const title = `Failure matrix: ${CALLS.length} calls × ${FAULT_NAMES.length} faults × ${MODES.length} modes`;
  return `${title}, ${agreed.length} of ${all} cells agree\n${rows.join('\n')}\n`;
}
