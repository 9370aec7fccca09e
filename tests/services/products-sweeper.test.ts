import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../platform/persistence/database.ts';
import { expireHolds } from '../../services/products/domain/expire-holds.ts';
import { startSweeper } from '../../services/products/sweeper.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  openProducts,
  openWithoutService,
  orderOf,
  type ProductsFixture,
  type ProductsWithoutService,
  reservedOrder,
  runOut,
  stateOf,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
/** Nothing sweeps here unless a test does. */
let products: ProductsWithoutService;
let productId: string;
beforeAll(async () => {
  fixture = await openProducts();
  ({ id: productId } = await createProduct(await fixture.start(), { stockQuantity: 1_000 }));
  await fixture.stop();
  products = await openWithoutService(fixture);
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(async () => {
  await products.close();
  await fixture.close();
});

async function held() {
  const order = orderOf({ productId, quantity: 1 });
  await products.handlers.reserveInventory(order.reserve);
  return order;
}

test('a hold that has time left is not swept', async () => {
  const { orderId } = await held();
  expect(await products.sweep()).toBe(0);
  expect(await stateOf(fixture, orderId)).toBe('held');
});

test('a confirmed reservation is never swept', async () => {
  const { orderId, confirm } = await held();
  await products.handlers.confirmReservation(confirm);
  await fixture.sql(`update reservations set created_at = now() - interval '1 year' where order_id = $1`, [orderId]);
  expect(await products.sweep()).toBe(0);
  expect(await stateOf(fixture, orderId)).toBe('confirmed');
});

test('the sweeper passes by a hold that a confirm is deciding about, and takes the others', async () => {
  const [kept, lost] = [await held(), await held()];
  await runOut(fixture, kept.orderId, lost.orderId);
  const confirming = await fixture.pool.connect();
  try {
    await confirming.query('begin');
    await confirming.query(`update reservations set state = 'confirmed', expires_at = null where order_id = $1`, [kept.orderId]);
    expect(await products.sweep()).toBe(1);
    await confirming.query('commit');
  } finally {
    confirming.release(true);
  }
  expect(await products.sweep()).toBe(0);
  expect([await stateOf(fixture, kept.orderId), await stateOf(fixture, lost.orderId)]).toEqual(['confirmed', 'expired']);
});

/** Expires the order's hold in a transaction that stays open until `call` waits for it; then commits and answers. */
async function duringSweep<T>(orderId: string, call: () => Promise<T>): Promise<T> {
  await runOut(fixture, orderId);
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
  const { promise: swept, resolve: sweptNow } = Promise.withResolvers<void>();
  const sweeping = products.database.transaction(async ({ em }) => {
    expect(await expireHolds({ em, stock: products.stock }, 10)).toBe(1);
    sweptNow();
    await mayCommit;
  });
  await swept;
  const answer = call();
  const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  await eventually(
    () => fixture.sql(waiting),
    (seen) => seen.length > 0,
  );
  commit();
  await sweeping;
  return await answer;
}

test('a confirm that meets a sweep at work waits for it and loses', async () => {
  const { orderId, confirm } = await held();
  expect(await duringSweep(orderId, () => refusal(products.handlers.confirmReservation(confirm)))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    facts: { state: 'expired' },
  });
});

test('a release that meets a sweep at work waits for it and has nothing to do', async () => {
  const { orderId, release } = await held();
  expect(await duringSweep(orderId, () => products.handlers.releaseInventory(release))).toEqual({ released: false });
  expect(await stateOf(fixture, orderId)).toBe('expired');
});

test('a release of an expired hold has nothing to do', async () => {
  const { orderId, release } = await held();
  await runOut(fixture, orderId);
  expect(await products.sweep()).toBe(1);
  expect(await products.handlers.releaseInventory(release)).toEqual({ released: false });
  expect(await stateOf(fixture, orderId)).toBe('expired');
});

test('E5 several sweepers give back more than a batch of expired holds, each once', async () => {
  const orders = await Promise.all(Array.from({ length: 250 }, held));
  await runOut(fixture, ...orders.map(({ orderId }) => orderId));
  const swept = await Promise.all(
    Array.from({ length: 4 }, async () => {
      let total = 0;
      for (let n = await products.sweep(); n > 0; n = await products.sweep()) total += n;
      return total;
    }),
  );
  expect(swept.reduce((sum, n) => sum + n)).toBe(250);
  const given = await fixture.sql("select 1 from stock_movements where kind = 'expire' and order_id = any($1)", [
    orders.map(({ orderId }) => orderId),
  ]);
  expect(given).toHaveLength(250);
});

test('a sweeper that is told to stop finishes the batch at work and begins no other', async () => {
  await fixture.sql(`insert into reservations (order_id, state, expires_at)
    select gen_random_uuid(), 'held', now() from generate_series(1, 101)`);
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let begun = 0;
  const gated: Pick<Database, 'transaction'> = {
    async transaction(work) {
      begun += 1;
      await gate;
      return products.database.transaction(work);
    },
  };
  const sweeper = startSweeper({ ...products, database: gated });
  const stopped = sweeper.stop();
  open();
  await stopped;
  expect(begun).toBe(1);
  expect(await products.sweep()).toBe(1);
});

test('a sweep that fails is tried again', async () => {
  const { orderId } = await held();
  await runOut(fixture, orderId);
  let failures = 0;
  const flaky: Pick<Database, 'transaction'> = {
    transaction(work) {
      failures += 1;
      return failures === 1 ? Promise.reject(new Error('The database is away')) : products.database.transaction(work);
    },
  };
  const sweeper = startSweeper({ ...products, database: flaky });
  await eventually(
    () => stateOf(fixture, orderId),
    (state) => state === 'expired',
  );
  await sweeper.stop();
});

test('the service itself sweeps, and when it stops nothing of it stays connected', async () => {
  const service = await fixture.start();
  const { stock, reserved } = await stockOf(service, productId);
  const { orderId } = await reservedOrder(service, { productId, quantity: 3 });
  await runOut(fixture, orderId);
  await eventually(
    () => stateOf(fixture, orderId),
    (state) => state === 'expired',
  );
  expect(await stockOf(service, productId)).toMatchObject({ stock, reserved });
  await products.close();
  await fixture.stop();
  await eventually(
    () => fixture.sql("select query from pg_stat_activity where datname = current_database() and application_name <> 'test'"),
    (connections) => connections.length === 0,
  );
  products = await openWithoutService(fixture);
});
