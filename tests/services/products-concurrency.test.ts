import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  openWithoutService,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  type ProductsWithoutService,
  reservedOrder,
  runOut,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
/** Two instances of the service on one database. */
let instances: readonly [ProductCalls, ProductCalls];
let products: ProductCalls;
let withoutService: ProductsWithoutService;
beforeAll(async () => {
  fixture = await openProducts();
  instances = await Promise.all([fixture.start(), fixture.start()]);
  [products] = instances;
  withoutService = await openWithoutService(fixture);
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(async () => {
  await withoutService.close();
  await fixture.close();
});

const instance = (n: number) => instances[n % 2 === 0 ? 0 : 1];

async function deadlocks(): Promise<number> {
  const [row] = await fixture.sql<{ n: string }>(
    'select deadlocks as n from pg_stat_database where datname = current_database()',
  );
  return Number(row?.n);
}

/** So many products that the planner looks each one up: then only the statement's own order protects from deadlocks. */
async function fillCatalogue(): Promise<void> {
  await fixture.sql(`with filled as (
      insert into products (id, sku, name, price_minor, currency, stock_quantity)
      select gen_random_uuid(), 'BULK' || n, 'Bulk', 1, 'EUR', 0 from generate_series(1, 5000) n returning id
    )
    insert into stock_movements (product_id, kind, stock_delta, reserved_delta) select id, 'initial', 0, 0 from filled`);
  await fixture.sql('analyze products');
}

test('O3 200 buyers of 50 units: exactly 50 get one, 150 are refused, and the ledger explains it', async () => {
  const { id } = await createProduct(products, { stockQuantity: 50 });
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const { reserve } = orderOf({ productId: id, quantity: 1 });
      return instance(n)
        .reserveInventory(reserve, LIMITS)
        .then(
          () => 'sold',
          (error: unknown) => (error instanceof Error && 'reason' in error ? error.reason : error),
        );
    }),
  );
  const counts = { sold: 0, insufficient_stock: 0 };
  for (const outcome of outcomes) {
    if (outcome === 'sold' || outcome === 'insufficient_stock') counts[outcome] += 1;
    else throw new Error('A buyer got neither', { cause: outcome });
  }
  expect(counts).toEqual({ sold: 50, insufficient_stock: 150 });
  expect(await stockOf(products, id)).toEqual({ stock: 50, reserved: 50, available: 0 });
});

test('O4 orders that name the same products in opposite order never deadlock', async () => {
  const before = await deadlocks();
  await fillCatalogue();
  const [a, b] = [await createProduct(products, { stockQuantity: 500 }), await createProduct(products, { stockQuantity: 500 })];
  const lines = [
    { productId: a.id, quantity: 1 },
    { productId: b.id, quantity: 1 },
  ];
  const orders = await Promise.all(
    Array.from({ length: 80 }, (_, n) => reservedOrder(instance(n), ...(n % 4 < 2 ? lines : lines.toReversed()))),
  );
  expect(await stockOf(products, a.id)).toMatchObject({ reserved: 80 });
  await Promise.all(orders.map(({ release }, n) => instance(n).releaseInventory(release, LIMITS)));
  expect(await stockOf(products, b.id)).toMatchObject({ reserved: 0 });
  // A deadlock is retried and would not show in the answers; the server counts them.
  expect(await deadlocks()).toBe(before);
});

test('reserves that wait for a delivery sell what it brings, and no more', async () => {
  const { id } = await createProduct(products, { stockQuantity: 3 });
  await reservedOrder(products, { productId: id, quantity: 3 });
  const delivering = await fixture.pool.connect();
  await delivering.query('begin');
  await delivering.query('update products set stock_quantity = stock_quantity + 2 where id = $1', [id]);
  await delivering.query(
    `insert into stock_movements (product_id, kind, stock_delta, reserved_delta) values ($1, 'adjust', 2, 0)`,
    [id],
  );
  const buying = Promise.allSettled(
    Array.from({ length: 4 }, (_, n) => reservedOrder(instance(n), { productId: id, quantity: 1 })),
  );
  await eventually(
    () => fixture.sql(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`),
    (waiting) => waiting.length === 4,
  );
  await delivering.query('commit');
  delivering.release();
  const outcomes = (await buying).map((outcome) => (outcome.status === 'fulfilled' ? 'sold' : String(outcome.reason.reason)));
  expect(outcomes.sort()).toEqual(['insufficient_stock', 'insufficient_stock', 'sold', 'sold']);
  expect(await stockOf(products, id)).toEqual({ stock: 5, reserved: 5, available: 0 });
});

test('a reserve and its release at the same time end with nothing held', async () => {
  const { id } = await createProduct(products, { stockQuantity: 100 });
  const orders = Array.from({ length: 40 }, () => orderOf({ productId: id, quantity: 1 }));
  const reserves: string[] = [];
  await Promise.all(
    orders.flatMap(({ reserve, release }, n) => [
      instance(n)
        .reserveInventory(reserve, LIMITS)
        .then(
          () => reserves.push('reserved'),
          (error: { reason: string }) => reserves.push(error.reason),
        ),
      instance(n + 1).releaseInventory(release, LIMITS),
    ]),
  );
  for (const outcome of reserves) expect(['reserved', 'order_cancelled']).toContain(outcome);
  expect(reserves).toHaveLength(40);
  expect(await stockOf(products, id)).toEqual({ stock: 100, reserved: 0, available: 100 });
});

test('releases of one order at the same time under different keys give back once', async () => {
  const { id } = await createProduct(products);
  const { release } = await reservedOrder(products, { productId: id, quantity: 3 });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => instance(n).releaseInventory({ ...release, idempotencyKey: randomUUID() }, LIMITS)),
  );
  expect(answers.filter(({ released }) => released)).toHaveLength(1);
  expect(await stockOf(products, id)).toEqual({ stock: 10, reserved: 0, available: 10 });
});

test('stock that is taken out while it sells never goes below what is reserved', async () => {
  const { id } = await createProduct(products, { stockQuantity: 40 });
  const change = { productId: id, delta: -5, reason: 'loss' };
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 40 }, (_, n) => reservedOrder(instance(n), { productId: id, quantity: 1 })),
    ...Array.from({ length: 4 }, (_, n) => instance(n).adjustStock({ ...change, idempotencyKey: randomUUID() }, LIMITS)),
  ]);
  const [sold, lost] = [outcomes.slice(0, 40), outcomes.slice(40)].map(
    (group) => group.filter((o) => o.status === 'fulfilled').length,
  );
  const { stock, reserved } = await stockOf(products, id);
  expect({ stock, reserved }).toEqual({ stock: 40 - 5 * Number(lost), reserved: sold });
  expect(reserved).toBeLessThanOrEqual(stock);
});

test('confirms and several sweepers at the moment of expiry: each hold has one end', async () => {
  const { id } = await createProduct(products, { stockQuantity: 60 });
  const orders = await Promise.all(
    Array.from({ length: 60 }, (_, n) => reservedOrder(instance(n), { productId: id, quantity: 1 })),
  );
  // Thirty run out within the next moments, one after the other.
  await fixture.sql(
    `update reservations r set expires_at = clock_timestamp() + n * interval '2 ms'
     from unnest($1::uuid[]) with ordinality as due (order_id, n) where r.order_id = due.order_id`,
    [orders.slice(0, 30).map(({ orderId }) => orderId)],
  );
  const confirmed = new Set<string>();
  const sweeping = Array.from({ length: 3 }, async () => {
    for (let n = 0; n < 10; n += 1) await withoutService.sweep();
  });
  await Promise.all([
    ...sweeping,
    ...orders.map(async ({ confirm, orderId }, n) => {
      const answer = await Promise.allSettled([instance(n).confirmReservation(confirm, LIMITS)]);
      if (answer[0].status === 'fulfilled') confirmed.add(orderId);
    }),
  ]);
  await runOut(fixture, ...orders.map(({ orderId }) => orderId));
  await eventually(
    () =>
      fixture.sql<{ order_id: string; state: string }>('select order_id, state from reservations where order_id = any($1)', [
        orders.map(({ orderId }) => orderId),
      ]),
    (rows) => rows.every(({ order_id, state }) => state === (confirmed.has(order_id) ? 'confirmed' : 'expired')),
  );
  expect(confirmed.size).toBeGreaterThanOrEqual(30);
  expect(await stockOf(products, id)).toEqual({ stock: 60, reserved: confirmed.size, available: 60 - confirmed.size });
});
