/**
 * The life of a confirmed order as a matrix on real services: every call of shipping, delivering, returning and cancelling × every
 * way to go wrong × {a worker that remembers its workflows, a worker that replays each task from the start of the history}. In each
 * cell the command's answer, the calls and their keys, the order's history, the stock, the payment and the provider's books agree.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Registry } from 'prom-client';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { needsAttentionAttribute } from '../../contracts/order.ts';
import { retryCompensationUpdate } from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { concurrently } from '../../testkit/load/concurrently.ts';
import { createReconcileActivities } from '../../workers/reconciler.ts';
import { refusalOf } from './support/commands.ts';
import { LIFE_FAULTS, lifeCells, type WatchedLife, withLifeFaults } from './support/life-faults.ts';
import {
  BEFORE,
  BOOKS_AFTER,
  type Command,
  callsOf,
  commandOf,
  commandsOf,
  given,
  LIFE_CALLS,
  LIFE_REFUSALS,
} from './support/life-rows.ts';
import { MODES } from './support/modes.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';
import { type Books, openShop, type RealShop } from './support/real-shop.ts';
import { reconcileOnce } from './support/reconcile-lab.ts';

const CELLS = lifeCells((activity) => LIFE_REFUSALS[activity] !== undefined);
type Cell = (typeof CELLS)[number];

const OPERATOR = randomUUID();
const A_DAY_MS = 86_400_000;
const ALL_CELLS_MS = 600_000;

type Seen = {
  readonly watched: WatchedLife;
  /** Of the command, and of the same one given meanwhile. */
  readonly answers: readonly unknown[];
  /** Why the command was refused at first; undefined: it was not. */
  readonly refused: unknown;
  readonly books: Books;
  readonly status: string;
};

const NOT_RUN: PromiseRejectedResult = { status: 'rejected', reason: new Error('This cell has not been run') };

let shop: RealShop;
/** Cells of both modes in which everything was as it has to be. */
const agreed: Cell[] = [];
let looked = 0;
beforeAll(async () => {
  quietRuntime();
  shop = await openShop();
});
afterAll(() => shop.close());

describe.each(MODES)('$mode', ({ settings, ordersAtOnce }) => {
  const orders = new Map<string, WatchedLife>();
  const seen = new Map<Cell, PromiseSettledResult<Seen>>();
  let lab: OrderLab;

  beforeAll(async () => {
    lab = await createOrderLab({
      settings,
      activities: withLifeFaults(shop.services.activities, orders),
      background: reconciling,
    });
    await concurrently(CELLS, ordersAtOnce, async (cell) => {
      const [settled] = await Promise.allSettled([run(cell)]);
      seen.set(cell, settled);
    });
  }, ALL_CELLS_MS);
  afterAll(() => lab.close());

  async function run({ activity, fault }: Cell): Promise<Seen> {
    const command = commandOf(activity);
    const order = await shop.submit();
    const handle = lab.temporal.client.workflow.getHandle(orderWorkflowId(order.orderId));
    expect(await lab.ask(order)).toMatchObject({ status: 'confirmed' });
    const commands = commandsOf(handle);
    const before = BEFORE[command];
    if (before) await given(commands[before]);

    let second: Promise<unknown> = Promise.resolve(undefined);
    const watched: WatchedLife = {
      activity,
      fault,
      keys: [],
      calls: [],
      mended: false,
      cancel: () => handle.cancel(),
      async again() {
        const accepted = await commands[command]();
        second = accepted.result();
        second.catch(() => {});
      },
    };
    orders.set(order.orderId, watched);
    let refused: unknown;
    if (fault === 'refused') refused = await refusalOf(LIFE_REFUSALS[activity]?.give(shop, order, handle) ?? Promise.resolve());
    if (fault === 'fails for good' && command !== 'cancel') refused = await refusalOf(given(commands[command]));
    const parked = fault === 'fails for good' && command === 'cancel' ? mendParked(handle, watched) : undefined;
    watched.mended = parked === undefined;
    const first = await given(commands[lastCommand({ activity, fault })]);
    await parked;
    const answers = fault === 'the same command comes meanwhile' ? [first, await second] : [first];
    const status = (await handle.describe()).status.name;
    return { watched, answers, refused, books: await shop.booksOf(order), status };
  }

  test.each(CELLS)('$activity: $fault', (cell) => {
    const found = seen.get(cell) ?? NOT_RUN;
    // An order that failed is the failure of its own cell.
    if (found.status === 'rejected') throw found.reason;
    const { watched, answers, refused, books, status } = found.value;
    const command = lastCommand(cell);
    expect(refused).toEqual(expectedRefusal(cell));
    expect(books).toEqual(BOOKS_AFTER[command]);
    expect(status).toBe(command === 'cancel' || command === 'requestReturn' ? 'COMPLETED' : 'RUNNING');
    expect(answers.every((answer) => JSON.stringify(answer) === JSON.stringify(answers[0]))).toBe(true);
    expect(new Set(watched.calls)).toEqual(new Set([...callsOf(command), ...(refused === undefined ? [] : [cell.activity])]));
    const keys = new Set(watched.keys);
    // A return that was refused and another one are two.
    expect(keys.size).toBe(cell.activity === 'requestReturn' && cell.fault === 'refused' ? 2 : 1);
    if (cell.fault !== 'refused') expect(watched.keys.length).toBeGreaterThan(1);
    agreed.push(cell);
  });

  test('no rule of any service, and none between them, finds anything', async () => {
    const { findings } = await reconcileOnce(lab, { quietMs: 0, repair: false });
    expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
    for (const rule of ['returns_agree', 'returned_goods_are_back', 'shipped_without_commit', 'shipped_without_workflow']) {
      expect(findings.find((finding) => finding.rule === rule)?.checked).toBeGreaterThan(0);
    }
    looked += findings.reduce((sum, { checked }) => sum + checked, 0);
  });
});

test('every cell was run in both modes', () => {
  expect(CELLS.length).toBeGreaterThanOrEqual(LIFE_CALLS.length * 6);
  const all = CELLS.length * MODES.length;
  const title = `Life matrix: ${LIFE_CALLS.length} calls, ${CELLS.length} cells × ${MODES.length} modes`;
  process.stdout.write(`${title}, ${agreed.length} of ${all} cells agree; audits looked at ${looked} things\n`);
});

test('the guide says of every fault what becomes of its command', () => {
  const guide = readFileSync(new URL('../../docs/guides/failure-matrix.md', import.meta.url), 'utf8');
  for (const [fault, becomes] of Object.entries(LIFE_FAULTS)) expect(guide).toContain(`\n| ${fault} | ${becomes} |\n`);
});

function reconciling(at: Pick<Parameters<typeof createReconcileActivities>[0], 'connection' | 'namespace' | 'ordersTaskQueue'>) {
  const config = { PROVIDER_URL: shop.providerUrl, SAGA_STEP_LIMIT_MS: 60_000, RETURN_WINDOW_MS: A_DAY_MS };
  const { services } = shop;
  return createReconcileActivities({ ...at, config, services, audited: services.clients, registry: new Registry() });
}

/** The command that ends the cell: its own, or what an order can still take whose own was refused. */
function lastCommand({ activity, fault }: Cell): Command {
  return (fault === 'refused' ? LIFE_REFUSALS[activity]?.next : undefined) ?? commandOf(activity);
}

function expectedRefusal({ activity, fault }: Cell): unknown {
  if (fault === 'refused') return expect.objectContaining({ reason: LIFE_REFUSALS[activity]?.reason });
  if (fault !== 'fails for good' || commandOf(activity) === 'cancel') return undefined;
  return { reason: 'validation_failed', facts: {} };
}

/** An undo that fails for good parks the order; when its service is mended an operator has it tried again. */
async function mendParked(handle: WorkflowHandle, watched: WatchedLife): Promise<void> {
  // Not by a query: a worker without a memory that is queried while it is at work can come to take no task any more.
  const isParked = async () => (await handle.describe()).typedSearchAttributes.get(needsAttentionAttribute) === true;
  await eventually(isParked, (parked) => parked, 60_000);
  watched.mended = true;
  try {
    await handle.executeUpdate(retryCompensationUpdate, { args: [{ actorId: OPERATOR, reason: 'It is mended' }] });
  } catch (error: unknown) {
    // The next round came first: there is nothing left to retry.
    if (await isParked()) throw error;
  }
}
