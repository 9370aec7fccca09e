import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { insist } from '../../testkit/insist.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  returnOf,
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

/** An order of these units that has left the building. */
async function sold(quantity: number, stockQuantity = 10) {
  const { id: productId } = await createProduct(products, { stockQuantity });
  const order = await paidOrder(products, { productId, quantity });
  await products.commitReservation(order.commit, LIMITS);
  return { productId, orderId: order.orderId };
}

test('what comes back is on the shelf again, and the ledger says of which return', async () => {
  const { productId, orderId } = await sold(3);
  expect(await stockOf(products, productId)).toEqual({ stock: 7, reserved: 0, available: 7 });
  const back = returnOf(orderId, { productId, quantity: 2 });
  await products.restockReturn(back, LIMITS);
  expect(await stockOf(products, productId)).toEqual({ stock: 9, reserved: 0, available: 9 });
  const rows = await fixture.sql(`select stock_delta, return_id from stock_movements where order_id = $1 and kind = 'return'`, [
    orderId,
  ]);
  expect(rows).toEqual([{ stock_delta: 2, return_id: back.returnId }]);
});

test('a return that is told again restocks once', async () => {
  const { productId, orderId } = await sold(2);
  const back = returnOf(orderId, { productId, quantity: 1 });
  await Promise.all(Array.from({ length: 10 }, () => products.restockReturn(back, LIMITS)));
  expect(await stockOf(products, productId)).toMatchObject({ stock: 9 });
});

test('more than left for this order never comes back, however many returns arrive at once', async () => {
  const { productId, orderId } = await sold(3);
  const asked = await Promise.allSettled(
    Array.from({ length: 20 }, () => products.restockReturn(returnOf(orderId, { productId, quantity: 1 }), LIMITS)),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(await stockOf(products, productId)).toMatchObject({ stock: 10 });
  expect(await refusal(products.restockReturn(returnOf(orderId, { productId, quantity: 1 }), LIMITS))).toMatchObject({
    reason: 'return_exceeds_order',
    facts: { product_id: productId, returnable_quantity: '0' },
  });
});

test('of a hundred who bring the last unit at once one is let in', async () => {
  const { productId, orderId } = await sold(1);
  // Held here until many have come, or the first would be through before the others have a connection.
  const holder = await fixture.pool.connect();
  await holder.query('begin');
  await holder.query('select from reservations where order_id = $1 for update', [orderId]);
  await holder.query('select from products where id = $1 for update', [productId]);
  const asking = Promise.allSettled(
    Array.from({ length: 100 }, () => {
      const request = returnOf(orderId, { productId, quantity: 1 });
      return insist(() => products.restockReturn(request, LIMITS));
    }),
  );
  await eventually(
    () => fixture.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
    (rows) => rows.length >= 10,
  );
  await holder.query('commit');
  holder.release();
  const asked = await asking;
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const reasons = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason.reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['return_exceeds_order']));
  expect(await stockOf(products, productId)).toMatchObject({ stock: 10 });
});

test('one id is one return: under another key it is refused and restocks nothing', async () => {
  const { productId, orderId } = await sold(3);
  const back = returnOf(orderId, { productId, quantity: 1 });
  await products.restockReturn(back, LIMITS);
  const again = { ...back, idempotencyKey: randomUUID() };
  const refused = await refusal(products.restockReturn(again, LIMITS));
  expect(refused).toMatchObject({ reason: 'idempotency_key_reused', facts: { return_id: back.returnId } });
  expect(await refusal(products.restockReturn(again, LIMITS))).toEqual(refused);
  expect(await stockOf(products, productId)).toMatchObject({ stock: 8 });
});

test('all lines of a return come back or none', async () => {
  const { productId, orderId } = await sold(3);
  const { id: other } = await createProduct(products);
  const both = returnOf(orderId, { productId, quantity: 1 }, { productId: other, quantity: 1 });
  expect(await refusal(products.restockReturn(both, LIMITS))).toMatchObject({ facts: { product_id: other } });
  expect(await stockOf(products, productId)).toMatchObject({ stock: 7 });
});

test('what has not left the building cannot come back', async () => {
  const { id: productId } = await createProduct(products);
  const { orderId } = await paidOrder(products, { productId, quantity: 1 });
  expect(await refusal(products.restockReturn(returnOf(orderId, { productId, quantity: 1 }), LIMITS))).toMatchObject({
    reason: 'illegal_transition',
    facts: { current_status: 'confirmed' },
  });
});

test('a paid order that is cancelled gives its stock back', async () => {
  const { id: productId } = await createProduct(products, { stockQuantity: 5 });
  const order = await paidOrder(products, { productId, quantity: 2 });
  await products.releaseInventory(order.release, LIMITS);
  expect(await stateOf(fixture, order.orderId)).toBe('released');
  expect(await stockOf(products, productId)).toEqual({ stock: 5, reserved: 0, available: 5 });
});

test('a return is one effect under its own id', async () => {
  const { productId, orderId } = await sold(3);
  const { id: other } = await createProduct(products);
  const order = await paidOrder(products, { productId, quantity: 1 }, { productId: other, quantity: 1 });
  await products.commitReservation(order.commit, LIMITS);
  const [one, two] = [returnOf(orderId, { productId, quantity: 1 }), returnOf(orderId, { productId, quantity: 2 })];
  const whole = returnOf(order.orderId, { productId, quantity: 1 }, { productId: other, quantity: 1 });
  for (const back of [one, two, whole]) await products.restockReturn(back, LIMITS);
  const { effects } = await products.listEffects({ page: { since: undefined, pageSize: 1_000, cursor: '' } }, LIMITS);
  expect(
    effects
      .filter(({ kind }) => kind === 'returned')
      .slice(-3)
      .map(({ reference }) => reference),
  ).toEqual([one.returnId, two.returnId, whole.returnId]);
});
