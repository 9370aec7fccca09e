/**
 * Two ends of one hold at the same instant: pairs of calls whose order only the database decides. `RACE_PAIRS=10000` is the full
 * run, shared by the three pairs.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  openProducts,
  openWithoutService,
  orderOf,
  type ProductsFixture,
  type ProductsWithoutService,
  runOut,
} from './products-fixture.ts';

const PAIRS = Number(process.env.RACE_PAIRS ?? 1_000);
const PAIRS_OF_EACH = Math.ceil(PAIRS / 3);
const BATCH = 100;
// Milliseconds for a pair on a busy machine.
const PAIR_LIMIT_MS = 60;
// Milliseconds between the two ends of a pair: doubled from pair to pair, so that some meet however fast the machine is.
const APART_MS = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];

let fixture: ProductsFixture;
/** Nothing sweeps here unless a test does. */
let products: ProductsWithoutService;
let productId: string;

beforeAll(async () => {
  fixture = await openProducts();
  ({ id: productId } = await createProduct(await fixture.start(), { stockQuantity: 1_000_000 }));
  await fixture.stop();
  products = await openWithoutService(fixture);
});
afterEach(async () => {
  // The stock row, recomputed from the ledger.
  expect(await disagreements(fixture)).toEqual([]);
});
afterAll(async () => {
  await products.close();
  await fixture.close();
});

type Order = ReturnType<typeof orderOf>;

const newOrder = (): Order => orderOf({ productId, quantity: 1 });

async function hold(order: Order): Promise<Order> {
  await products.handlers.reserveInventory(order.reserve);
  return order;
}

/** True: answered. False: refused because the hold is not there any more. */
async function isAnswered(call: Promise<unknown>): Promise<boolean> {
  const refused = await call.then(
    () => undefined,
    (error: unknown) => refusal(Promise.reject(error)),
  );
  if (refused) expect(refused.reason).toBe('hold_expired');
  return refused === undefined;
}

/** Fewer than the pool has connections, so that a busy machine keeps nobody waiting for one too long. */
async function fewAtOnce<T>(orders: readonly Order[], act: (order: Order, place: number) => Promise<T>): Promise<T[]> {
  const outcomes: T[] = [];
  const queue = orders.entries();
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (const [place, order] of queue) outcomes[place] = await act(order, place);
    }),
  );
  return outcomes;
}

const apartMs = (place: number): number => APART_MS[Math.floor(place / 2) % APART_MS.length] ?? 0;

/** Runs `act` for each order as its hold ends: at once, a little later or much later. Two sweepers run beside it. */
async function atExpiry<T>(orders: readonly Order[], act: (order: Order) => Promise<T>): Promise<T[]> {
  let over = false;
  const sweepers = [1, 2].map(async () => {
    while (!over) await products.sweep();
  });
  const outcomes = await fewAtOnce(orders, async (order, place) => {
    await fixture.sql(
      `update reservations set expires_at = clock_timestamp() + $2::float8 * interval '1 millisecond' where order_id = $1`,
      [order.orderId, apartMs(place)],
    );
    return act(order);
  });
  over = true;
  await Promise.all(sweepers);
  return outcomes;
}

type End = { readonly order_id: string; readonly state: string; readonly moved: string[] };

/** How each order's reservation ended, and what the ledger says of it after the reserve. */
async function endsOf(orders: readonly Order[]): Promise<End[]> {
  const ids: string[] = orders.map(({ orderId }) => orderId);
  const rows = await fixture.sql<End>(
    `select r.order_id, r.state, array_remove(array_agg(m.kind order by m.id), 'reserve') as moved
     from reservations r join stock_movements m on m.order_id = r.order_id where r.order_id = any($1) group by r.order_id`,
    [ids],
  );
  return rows.toSorted((a, b) => ids.indexOf(a.order_id) - ids.indexOf(b.order_id));
}

/** Holds in batches until `pairs` of them have met; `meet` gives for each whether the call came before the other end. */
async function race(pairs: number, meet: (orders: readonly Order[]) => Promise<readonly boolean[]>) {
  const first = { call: 0, other: 0 };
  for (let done = 0; done < pairs; done += BATCH) {
    const orders = await fewAtOnce(Array.from({ length: Math.min(BATCH, pairs - done) }, newOrder), hold);
    for (const call of await meet(orders)) first[call ? 'call' : 'other'] += 1;
    expect(await disagreements(fixture)).toEqual([]);
  }
  expect(first.call + first.other).toBe(pairs);
  // Otherwise they never met.
  expect(Math.min(first.call, first.other)).toBeGreaterThan(0);
  if (process.env.RACE_PAIRS) process.stdout.write(`${expect.getState().currentTestName}: ${JSON.stringify(first)}\n`);
}

const LIMIT_MS = 20_000 + PAIRS_OF_EACH * PAIR_LIMIT_MS;

test(
  'E1 expiry against confirm: either paid and kept, or expired and given back once',
  () =>
    race(PAIRS_OF_EACH, async (orders) => {
      const confirmed = await atExpiry(orders, ({ confirm }) => isAnswered(products.handlers.confirmReservation(confirm)));
      await sweepAll(orders);
      const expected = (kept: boolean) => (kept ? { state: 'confirmed', moved: [] } : { state: 'expired', moved: ['expire'] });
      expect((await endsOf(orders)).map(({ state, moved }) => ({ state, moved }))).toEqual(confirmed.map(expected));
      return confirmed;
    }),
  LIMIT_MS,
);

test(
  'E1 expiry against release: given back once, by the one that came first',
  () =>
    race(PAIRS_OF_EACH, async (orders) => {
      const answers = await atExpiry(orders, ({ release }) => products.handlers.releaseInventory(release));
      await sweepAll(orders);
      const expected = (released: boolean) =>
        released ? { state: 'released', moved: ['release'] } : { state: 'expired', moved: ['expire'] };
      const released = answers.map((answer) => answer.released);
      expect((await endsOf(orders)).map(({ state, moved }) => ({ state, moved }))).toEqual(released.map(expected));
      return released;
    }),
  LIMIT_MS,
);

test(
  'E1 confirm against release: the release ends it, once, and a confirm that came later is refused',
  () =>
    race(PAIRS_OF_EACH, async (orders) => {
      const confirmed = await fewAtOnce(orders, async ({ confirm, release }, place) => {
        const confirming = () => isAnswered(products.handlers.confirmReservation(confirm));
        const releasing = () => products.handlers.releaseInventory(release);
        // Whichever is sent first, the other may overtake it.
        const early = place % 2 === 0 ? confirming() : undefined;
        const released = releasing();
        // A release has more statements than a confirm, which would overtake it unless it came a little later.
        if (!early) await pause(apartMs(place));
        const paid = await (early ?? confirming());
        expect(await released).toEqual({ released: true });
        return paid;
      });
      for (const { state, moved } of await endsOf(orders))
        expect({ state, moved }).toEqual({ state: 'released', moved: ['release'] });
      return confirmed;
    }),
  LIMIT_MS,
);

/** Sweeps what is left of these: a hold that nobody ended is past its time by now, or is made so. */
async function sweepAll(orders: readonly Order[]): Promise<void> {
  await runOut(fixture, ...orders.map(({ orderId }) => orderId));
  while ((await products.sweep()) > 0);
}
