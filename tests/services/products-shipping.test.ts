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

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(() => fixture.close());

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

test('a commit without a key or an order is invalid', async () => {
  const nothing = { idempotencyKey: '', orderId: 'order' };
  expect(await refusal(products.commitReservation(nothing, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['idempotencyKey', 'orderId'],
  });
});
