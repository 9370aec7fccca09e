import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { sqlOn } from '../../platform/persistence/sql.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { ENTITIES } from '../../services/products/entity.ts';
import { MIGRATIONS } from '../../services/products/migrations/index.ts';
import { expireDue, giveBack } from '../../services/products/repository.ts';
import { createReservations, type Reservations } from '../../services/products/reservations.ts';
import { startSweeper, sweep } from '../../services/products/sweeper.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  openProducts,
  orderOf,
  type ProductsFixture,
  reservedOrder,
  runOut,
  stateOf,
  stockOf,
} from './products-fixture.ts';

const logger = createLogger('test', 'fatal');

let fixture: ProductsFixture;
let database: Database;
/** The use cases without a service around them: nothing sweeps here unless a test does. */
let reservations: Reservations;
let productId: string;
beforeAll(async () => {
  fixture = await openProducts();
  ({ id: productId } = await createProduct(await fixture.start(), { stockQuantity: 1_000 }));
  await fixture.stop();
  database = await openDatabase({ url: fixture.url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  reservations = createReservations(database, { ttlMs: 900_000 });
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(async () => {
  await database.close();
  await fixture.close();
});

async function held() {
  const order = orderOf({ productId, quantity: 1 });
  await reservations.reserve(order.reserve, order.reserve.lines);
  return order;
}

test('a hold that has time left is not swept', async () => {
  const { orderId } = await held();
  expect(await sweep(database)).toBe(0);
  expect(await stateOf(fixture, orderId)).toBe('held');
});

test('a confirmed reservation is never swept', async () => {
  const { orderId, confirm } = await held();
  await reservations.confirm(confirm);
  await fixture.sql(`update reservations set created_at = now() - interval '1 year' where order_id = $1`, [orderId]);
  expect(await sweep(database)).toBe(0);
  expect(await stateOf(fixture, orderId)).toBe('confirmed');
});

test('the sweeper passes by a hold that a confirm is deciding about, and takes the others', async () => {
  const [kept, lost] = [await held(), await held()];
  await runOut(fixture, kept.orderId, lost.orderId);
  const confirming = await fixture.pool.connect();
  try {
    await confirming.query('begin');
    await confirming.query(`update reservations set state = 'confirmed', expires_at = null where order_id = $1`, [kept.orderId]);
    expect(await sweep(database)).toBe(1);
    await confirming.query('commit');
  } finally {
    confirming.release(true);
  }
  expect(await sweep(database)).toBe(0);
  expect([await stateOf(fixture, kept.orderId), await stateOf(fixture, lost.orderId)]).toEqual(['confirmed', 'expired']);
});

/** Expires the order's hold in a transaction that stays open until `call` waits for it; then commits and answers. */
async function duringSweep<T>(orderId: string, call: () => Promise<T>): Promise<T> {
  const sweeping = await fixture.pool.connect();
  try {
    await sweeping.query('begin');
    await sweeping.query('update reservations set expires_at = now() where order_id = $1', [orderId]);
    expect(await expireDue(sqlOn(sweeping), 10)).toEqual([orderId]);
    await giveBack(sqlOn(sweeping), [orderId], 'expire');
    const answer = call();
    const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await eventually(
      () => fixture.sql(waiting),
      (seen) => seen.length > 0,
    );
    await sweeping.query('commit');
    return await answer;
  } finally {
    sweeping.release(true);
  }
}

test('a confirm that meets a sweep at work waits for it and loses', async () => {
  const { orderId, confirm } = await held();
  expect(await duringSweep(orderId, () => refusal(reservations.confirm(confirm)))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    facts: { state: 'expired' },
  });
});

test('a release that meets a sweep at work waits for it and has nothing to do', async () => {
  const { orderId, release } = await held();
  expect(await duringSweep(orderId, () => reservations.release(release))).toEqual({ released: false });
  expect(await stateOf(fixture, orderId)).toBe('expired');
});

test('a release of an expired hold has nothing to do', async () => {
  const { orderId, release } = await held();
  await runOut(fixture, orderId);
  expect(await sweep(database)).toBe(1);
  expect(await reservations.release(release)).toEqual({ released: false });
  expect(await stateOf(fixture, orderId)).toBe('expired');
});

test('E5 several sweepers give back more than a batch of expired holds, each once', async () => {
  const orders = await Promise.all(Array.from({ length: 250 }, held));
  await runOut(fixture, ...orders.map(({ orderId }) => orderId));
  const swept = await Promise.all(
    Array.from({ length: 4 }, async () => {
      let total = 0;
      for (let n = await sweep(database); n > 0; n = await sweep(database)) total += n;
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
      return database.transaction(work);
    },
  };
  const sweeper = startSweeper(gated, logger);
  const stopped = sweeper.stop();
  open();
  await stopped;
  expect(begun).toBe(1);
  expect(await sweep(database)).toBe(1);
});

test('a sweep that fails is tried again', async () => {
  const { orderId } = await held();
  await runOut(fixture, orderId);
  let failures = 0;
  const flaky: Pick<Database, 'transaction'> = {
    transaction(work) {
      failures += 1;
      return failures === 1 ? Promise.reject(new Error('The database is away')) : database.transaction(work);
    },
  };
  const sweeper = startSweeper(flaky, logger);
  await eventually(
    () => stateOf(fixture, orderId),
    (state) => state === 'expired',
  );
  await sweeper.stop();
});

test('the service itself sweeps, and when it stops nothing of it stays connected', async () => {
  const products = await fixture.start();
  const { stock, reserved } = await stockOf(products, productId);
  const { orderId } = await reservedOrder(products, { productId, quantity: 3 });
  await runOut(fixture, orderId);
  await eventually(
    () => stateOf(fixture, orderId),
    (state) => state === 'expired',
  );
  expect(await stockOf(products, productId)).toMatchObject({ stock, reserved });
  await database.close();
  await fixture.stop();
  await eventually(
    () => fixture.sql("select query from pg_stat_activity where datname = current_database() and application_name <> 'test'"),
    (connections) => connections.length === 0,
  );
  database = await openDatabase({ url: fixture.url, entities: ENTITIES, migrations: MIGRATIONS, logger });
});
