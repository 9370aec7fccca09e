/**
 * The matrix's crashes: the worker dies by kill -9 before and after every call of the saga, undos among them, takes effect, and
 * after every local-first call, when the order is then cancelled or refused: what a worker did in a local attempt is in no history.
 * Another worker finishes the order, and all books agree. Real services; every death takes all other orders in flight with it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SAGA_STEPS, STEP_NAMES } from '../../contracts/saga-steps.ts';
import { FORWARD_CALLS, type ForwardCall, stepOfCall, UNDO_CALLS } from '../../testkit/saga-activities.ts';
import { ALL_CRASHES_MS, type Crash, type Crashed, openCrashLab } from './support/crash-lab.ts';
import type { CrashFault } from './support/faults.ts';
import { ROWS } from './support/matrix-rows.ts';
import { MODES } from './support/modes.ts';
import { type Books, openShop, QUANTITY, type RealShop, STOCK, TOTAL } from './support/real-shop.ts';

type Cell = Crash & { readonly course: string; readonly ends: object; readonly books: Books };

const THEN_CANCELLED: CrashFault = 'its worker dies when the call has taken effect, then the order is cancelled';
const THEN_REFUSED: CrashFault = 'its worker dies when the call has taken effect, then a call is refused on the second run';

let shop: RealShop;
let lab: Awaited<ReturnType<typeof openCrashLab>>;
beforeAll(async () => {
  shop = await openShop();
  lab = await openCrashLab(shop);
});
afterAll(async () => {
  await lab.close();
  await shop.close();
});

// The undos run when a paid order's hold has expired.
const EXPIRED = { step: 'ConfirmOrder', reason: 'hold_expired', facts: {} } as const;
const BY_REQUEST = { step: null, reason: 'order_cancelled', facts: {} } as const;
const INACTIVE = { step: 'ValidateUser', reason: 'user_inactive', facts: expect.anything() } as const;

const FINISHED: readonly Cell[] = [
  ...FORWARD_CALLS.map((activity) => ({ activity, holdExpired: false, ends: { status: 'confirmed' }, books: confirmedBooks() })),
  ...UNDO_CALLS.map((activity) => ({
    activity,
    holdExpired: true,
    ends: { status: 'cancelled', failure: EXPIRED },
    books: cancelledBooks('processPayment', EXPIRED),
  })),
].flatMap((cell) => (['before', 'after'] as const).map((when) => ({ ...cell, when, course: 'it goes on' })));

const LOCAL_FIRST = FORWARD_CALLS.filter((call) => SAGA_STEPS[stepOfCall(call)].mode === 'local-first');

const CANCELLED: readonly Cell[] = LOCAL_FIRST.map((activity) => ({
  activity,
  when: 'after',
  holdExpired: false,
  course: THEN_CANCELLED,
  aftermath: (_, cancel) => cancel(),
  ends: { status: 'cancelled', failure: BY_REQUEST },
  books: cancelledBooks(activity, BY_REQUEST),
}));

const FIRST_REGULAR = STEP_NAMES.findIndex((step) => SAGA_STEPS[step].mode === 'regular');
const isOfFirstRun = (call: ForwardCall) => STEP_NAMES.indexOf(stepOfCall(call)) < FIRST_REGULAR;

/**
 * A call that has taken effect is answered as before, so another one of its run is refused: in the first run ValidateUser, which
 * has no key, and later the last call. After that one nothing can be refused.
 */
const REFUSED: readonly Cell[] = LOCAL_FIRST.filter((call) => call !== 'confirmOrder').map((activity) => {
  const refused = isOfFirstRun(activity) ? 'validateUser' : 'confirmOrder';
  const failure = refused === 'validateUser' ? INACTIVE : BY_REQUEST;
  return {
    activity,
    when: 'after',
    holdExpired: false,
    course: THEN_REFUSED,
    aftermath: (order) => ROWS[refused].refusal.provoke?.(shop, order),
    ends: { status: 'cancelled', failure: { step: stepOfCall(refused), reason: ROWS[refused].refusal.reason } },
    books: cancelledBooks(activity, failure),
  };
});

const CELLS = [...FINISHED, ...CANCELLED, ...REFUSED];

describe.each(MODES)('$mode', ({ mode }) => {
  let crashed: { seen: ReadonlyMap<Cell, Crashed>; orders: number; workers: number };
  beforeAll(async () => {
    crashed = await lab.run(CELLS, mode);
  }, ALL_CRASHES_MS);

  test.each(CELLS)('a crash $when $activity takes effect, $course: the order ends once, and every book agrees', (cell) => {
    const found = crashed.seen.get(cell);
    if (!found) throw new Error('This cell has not been run');
    const { outcome, workflow, books } = found;
    expect(outcome).toMatchObject(cell.ends);
    // A confirmed order lives on.
    expect(workflow).toBe(outcome.status === 'confirmed' ? 'RUNNING' : 'COMPLETED');
    expect(books).toEqual(cell.books);
  });

  test('every order had its crash', () => {
    expect(crashed.orders).toBe(CELLS.length);
    expect(crashed.workers).toBeGreaterThan(1);
    process.stdout.write(
      `Crashes of the worker, ${mode}: ${CELLS.length} orders (${FINISHED.length} go on, ${CANCELLED.length} are cancelled, ` +
        `${REFUSED.length} are refused), ${crashed.workers} deaths\n`,
    );
  });
});

test('every local-first call has its crashes, and no service finds anything wrong in its books', async () => {
  expect(CANCELLED.map(({ activity }) => activity)).toEqual(LOCAL_FIRST);
  expect(REFUSED).toHaveLength(LOCAL_FIRST.length - 1);
  const { violated, checked } = await shop.audit();
  expect(violated).toEqual([]);
  expect(checked).toBeGreaterThan(CELLS.length * MODES.length);
});

function confirmedBooks(): Books {
  return {
    statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
    stock: { stock: STOCK, reserved: QUANTITY },
    reservation: 'confirmed',
    payment: { status: 'COMPLETED', captured: TOTAL, refunded: 0 },
    provider: { charges: [TOTAL], refunds: [] },
    total: TOTAL,
    failure: null,
  };
}

/** Everything up to `last` happened, and all of it is undone. */
function cancelledBooks(last: ForwardCall, failure: Books['failure']): Books {
  const did = (call: ForwardCall) => FORWARD_CALLS.indexOf(call) <= FORWARD_CALLS.indexOf(last);
  const money = did('processPayment') ? [TOTAL] : [];
  return {
    statuses: [
      'SUBMITTED',
      ...(did('createOrder') ? ['CREATED', 'RESERVED'] : []),
      ...(did('confirmOrder') ? ['PAID'] : []),
      'CANCELLED',
    ],
    stock: { stock: STOCK, reserved: 0 },
    reservation: did('reserveInventory') ? 'released' : null,
    payment: did('processPayment') ? { status: 'REFUNDED', captured: TOTAL, refunded: TOTAL } : null,
    provider: { charges: money, refunds: money },
    total: did('createOrder') ? TOTAL : null,
    failure,
  };
}
