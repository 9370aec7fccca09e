import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  reservedOrder,
  runOut,
  stateOf,
  stockOf,
} from './products-fixture.ts';

const TTL_S = 900;

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start({ RESERVATION_TTL_MS: String(TTL_S * 1_000) });
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(() => fixture.close());

async function secondsLeft(orderId: string): Promise<number> {
  const [row] = await fixture.sql<{ left: string }>(
    'select extract(epoch from expires_at - now()) as left from reservations where order_id = $1',
    [orderId],
  );
  return Number(row?.left);
}

async function nearItsEnd(orderId: string): Promise<void> {
  await fixture.sql(`update reservations set expires_at = now() + interval '30 seconds' where order_id = $1`, [orderId]);
}

test('an extended hold has its whole life again, by the database clock', async () => {
  const { id } = await createProduct(products);
  const { extend, orderId } = await reservedOrder(products, { productId: id, quantity: 1 });
  await nearItsEnd(orderId);
  const { expiresAt } = await products.extendReservation(extend, LIMITS);
  const left = await secondsLeft(orderId);
  expect(left).toBeLessThanOrEqual(TTL_S);
  expect(left).toBeGreaterThan(TTL_S - 20);
  const [row] = await fixture.sql<{ expires_at: Date }>('select expires_at from reservations where order_id = $1', [orderId]);
  expect(Math.abs((expiresAt?.getTime() ?? 0) - (row?.expires_at.getTime() ?? 0))).toBeLessThanOrEqual(1);
  expect(await stockOf(products, id)).toMatchObject({ reserved: 1 });
});

test('an extension that is repeated extends once and answers the same', async () => {
  const { id } = await createProduct(products);
  const { extend, orderId } = await reservedOrder(products, { productId: id, quantity: 1 });
  const first = await products.extendReservation(extend, LIMITS);
  await nearItsEnd(orderId);
  expect(await products.extendReservation(extend, LIMITS)).toEqual(first);
  expect(await secondsLeft(orderId)).toBeLessThan(60);
  const other = { ...extend, orderId: randomUUID() };
  expect(await refusal(products.extendReservation(other, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
});

test('an extension makes no hold shorter', async () => {
  const { id } = await createProduct(products);
  const { extend, orderId } = await reservedOrder(products, { productId: id, quantity: 1 });
  await fixture.sql(`update reservations set expires_at = now() + interval '1 day' where order_id = $1`, [orderId]);
  await products.extendReservation(extend, LIMITS);
  expect(await secondsLeft(orderId)).toBeGreaterThan(TTL_S);
});

test('only a live hold is extended: not one that ran out, was released, paid, or never was', async () => {
  const { id } = await createProduct(products);
  const [late, released, paid] = [
    await reservedOrder(products, { productId: id, quantity: 1 }),
    await reservedOrder(products, { productId: id, quantity: 1 }),
    await paidOrder(products, { productId: id, quantity: 1 }),
  ];
  await runOut(fixture, late.orderId);
  await products.releaseInventory(released.release, LIMITS);
  for (const [{ extend, orderId }, state] of [
    [late, 'expired'],
    [released, 'released'],
    [paid, 'confirmed'],
    [orderOf(), 'absent'],
  ] as const) {
    const refused = await refusal(products.extendReservation(extend, LIMITS));
    expect(refused).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'hold_expired',
      facts: { order_id: orderId, state },
    });
    expect(await refusal(products.extendReservation(extend, LIMITS))).toEqual(refused);
  }
  expect(await stateOf(fixture, paid.orderId)).toBe('confirmed');
});

test('what is shipped leaves stock and reservation together, and the ledger says so', async () => {
  const [a, b] = [await createProduct(products), await createProduct(products, { stockQuantity: 3 })];
  const { commit, orderId } = await paidOrder(products, { productId: b.id, quantity: 3 }, { productId: a.id, quantity: 4 });
  expect(await products.commitReservation(commit, LIMITS)).toEqual({});
  expect(await stateOf(fixture, orderId)).toBe('committed');
  expect(await stockOf(products, a.id)).toEqual({ stock: 6, reserved: 0, available: 6 });
  expect(await stockOf(products, b.id)).toEqual({ stock: 0, reserved: 0, available: 0 });
  const ledger = await fixture.sql(
    `select product_id, stock_delta, reserved_delta from stock_movements where kind = 'commit' and order_id = $1
     order by stock_delta`,
    [orderId],
  );
  expect(ledger).toEqual([
    { product_id: a.id, stock_delta: -4, reserved_delta: -4 },
    { product_id: b.id, stock_delta: -3, reserved_delta: -3 },
  ]);
});

test('a commit ships once, however often, at once and under whatever key it comes', async () => {
  const { id } = await createProduct(products);
  const { commit } = await paidOrder(products, { productId: id, quantity: 2 });
  const keys = [commit.idempotencyKey, commit.idempotencyKey, randomUUID(), randomUUID()];
  const answers = await Promise.all(
    keys.map((idempotencyKey) => products.commitReservation({ ...commit, idempotencyKey }, LIMITS)),
  );
  expect(answers).toEqual([{}, {}, {}, {}]);
  expect(await products.commitReservation(commit, LIMITS)).toEqual({});
  expect(await stockOf(products, id)).toEqual({ stock: 8, reserved: 0, available: 8 });
  const other = { ...commit, orderId: randomUUID() };
  expect(await refusal(products.commitReservation(other, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
});

test('only what is paid is shipped: not a hold, nothing released or expired, nothing that never was', async () => {
  const { id } = await createProduct(products);
  const [held, released, expired] = [
    await reservedOrder(products, { productId: id, quantity: 1 }),
    await reservedOrder(products, { productId: id, quantity: 1 }),
    await reservedOrder(products, { productId: id, quantity: 1 }),
  ];
  await products.releaseInventory(released.release, LIMITS);
  await runOut(fixture, expired.orderId);
  await fixture.swept(expired.orderId);
  for (const [{ commit, orderId }, current_status] of [
    [held, 'held'],
    [released, 'released'],
    [expired, 'expired'],
    [orderOf(), 'absent'],
  ] as const) {
    const refused = await refusal(products.commitReservation(commit, LIMITS));
    expect(refused).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'illegal_transition',
      facts: { order_id: orderId, current_status, attempted_status: 'committed' },
    });
    expect(await refusal(products.commitReservation(commit, LIMITS))).toEqual(refused);
  }
  expect(await stockOf(products, id)).toEqual({ stock: 10, reserved: 1, available: 9 });
});

test('a release and a commit at the same time: the stock goes one way', async () => {
  const { id } = await createProduct(products, { stockQuantity: 20 });
  const orders = await Promise.all(Array.from({ length: 10 }, () => paidOrder(products, { productId: id, quantity: 1 })));
  await Promise.all(
    orders.flatMap(({ release, commit }) => [
      Promise.allSettled([products.releaseInventory(release, LIMITS)]),
      Promise.allSettled([products.commitReservation(commit, LIMITS)]),
    ]),
  );
  const states = await Promise.all(orders.map(({ orderId }) => stateOf(fixture, orderId)));
  const shipped = states.filter((state) => state === 'committed').length;
  expect(states.filter((state) => state === 'released')).toHaveLength(10 - shipped);
  expect(await stockOf(products, id)).toEqual({ stock: 20 - shipped, reserved: 0, available: 20 - shipped });
});

test.each(['extendReservation', 'commitReservation'] as const)('%s without a key or an order is invalid', async (call) => {
  const nothing = { idempotencyKey: '', orderId: 'order' };
  expect(await refusal(products[call](nothing, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['idempotencyKey', 'orderId'],
  });
});
