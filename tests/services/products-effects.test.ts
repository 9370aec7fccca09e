import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  reservedOrder,
  runOut,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

/** All pages of this size, from `since`. */
async function effects(pageSize: number, since?: Date): Promise<Effect[]> {
  const seen: Effect[] = [];
  for (let cursor = ''; ; ) {
    const answer = await products.listEffects({ page: { since, pageSize, cursor } }, LIMITS);
    expect(answer.effects.length).toBeLessThanOrEqual(pageSize);
    seen.push(...answer.effects);
    if (answer.nextCursor === '') return seen;
    cursor = answer.nextCursor;
  }
}

test('before anything was done to an order there is no effect, whatever came into stock', async () => {
  await createProduct(products);
  expect(await products.listEffects({ page: undefined }, LIMITS)).toEqual({ effects: [], nextCursor: '' });
});

test('what was done to orders is listed once per order, oldest first, on pages of any size', async () => {
  const [a, b] = [await createProduct(products), await createProduct(products)];
  const lines = [
    { productId: a.id, quantity: 1 },
    { productId: b.id, quantity: 2 },
  ];
  const shipped = await paidOrder(products, ...lines);
  const released = await reservedOrder(products, ...lines);
  await products.commitReservation(shipped.commit, LIMITS);
  const expired = await reservedOrder(products, ...lines);
  await products.releaseInventory(released.release, LIMITS);
  await runOut(fixture, expired.orderId);
  await fixture.swept(expired.orderId);

  const all = await effects(1_000);
  expect(all.map(({ kind, orderId, userId, reference }) => ({ kind, orderId, userId, reference }))).toEqual(
    [
      ['reserved', shipped.orderId],
      ['reserved', released.orderId],
      ['committed', shipped.orderId],
      ['reserved', expired.orderId],
      ['released', released.orderId],
      ['expired', expired.orderId],
    ].map(([kind, orderId]) => ({ kind, orderId, userId: '', reference: orderId })),
  );
  for (const [n, effect] of all.entries()) expect(effect.sequence).toBeGreaterThan(all[n - 1]?.sequence ?? 0);
  for (const { at } of all) expect(Math.abs(Date.now() - (at?.getTime() ?? 0))).toBeLessThan(60_000);
  for (const size of [1, 2, 3]) expect(await effects(size)).toEqual(all);
  const { effects: standard } = await products.listEffects({ page: undefined }, LIMITS);
  expect(standard).toEqual(all);
});

test('effects since a time are those from it on', async () => {
  const { id } = await createProduct(products);
  const before = await reservedOrder(products, { productId: id, quantity: 1 });
  const [row] = await fixture.sql<{ now: Date }>('select clock_timestamp() as now');
  // The answer is in milliseconds; the next order begins in a later one.
  const since = new Date((row?.now.getTime() ?? 0) + 1);
  await fixture.sql('select pg_sleep(0.005)');
  const after = await reservedOrder(products, { productId: id, quantity: 1 });
  const late = (await effects(10, since)).map(({ orderId }) => orderId);
  expect(late).toEqual([after.orderId]);
  const all = (await effects(10)).map(({ orderId }) => orderId);
  expect(all).toEqual(expect.arrayContaining([before.orderId, after.orderId]));
});

test('effects of one transaction share its time and are none of them skipped between pages', async () => {
  const { id } = await createProduct(products);
  const orders = await Promise.all(Array.from({ length: 7 }, () => reservedOrder(products, { productId: id, quantity: 1 })));
  await runOut(fixture, ...orders.map(({ orderId }) => orderId));
  for (const { orderId } of orders) await fixture.swept(orderId);
  const expired = (await effects(2)).filter(({ kind }) => kind === 'expired').map(({ orderId }) => orderId);
  expect(expired).toEqual(expect.arrayContaining(orders.map(({ orderId }) => orderId)));
  expect(new Set(expired).size).toBe(expired.length);
});

test.each([
  ['a cursor that is none', { cursor: 'x' }, 'page.cursor'],
  ['a cursor that was altered', { cursor: `A${Buffer.alloc(24, 1).toString('base64url').slice(1)}` }, 'page.cursor'],
  ['a page of 1,001', { pageSize: 1_001 }, 'page.pageSize'],
  ['a page of less than nothing', { pageSize: -1 }, 'page.pageSize'],
  ['a time before all computers', { since: new Date('1815-12-10') }, 'page.since'],
])('effects with %s are invalid', async (_, given, field) => {
  const page = { since: undefined, pageSize: 0, cursor: '', ...given };
  expect(await refusal(products.listEffects({ page }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('a release that began before the reserve it waited for is told with the later number, and gives everything back', async () => {
  const { id: productId } = await createProduct(products);
  const { orderId, reserve, release } = orderOf({ productId, quantity: 1 });
  const other = new pg.Client({ connectionString: fixture.url });
  await other.connect();
  await other.query('begin');
  // The release has begun and waits for its own key.
  await other.query(
    `insert into idempotency (key, operation, request_hash, state) values ($1, 'ReleaseInventory', '', 'completed')`,
    [release.idempotencyKey],
  );
  const releasing = products.releaseInventory(release, LIMITS);
  await eventually(
    () => fixture.sql(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`),
    (waiting) => waiting.length > 0,
  );
  await products.reserveInventory(reserve, LIMITS);
  await other.query('rollback');
  await other.end();

  expect(await releasing).toEqual({ released: true });
  const [first, second] = (await effects(1_000)).filter((effect) => effect.orderId === orderId);
  expect([first?.kind, second?.kind]).toEqual(['released', 'reserved']);
  expect(first?.sequence).toBeGreaterThan(second?.sequence ?? 0);
  expect(await stockOf(products, productId)).toMatchObject({ reserved: 0 });
});
