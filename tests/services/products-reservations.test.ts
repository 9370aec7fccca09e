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
  reservedOrder,
  runOut,
  stateOf,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start({ RESERVATION_TTL_MS: '900000' });
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(() => fixture.close());

test('a reserve holds its lines for 15 minutes by the database clock and answers the unit prices', async () => {
  const a = await createProduct(products, { price: { amountMinor: 1_250, currency: 'EUR' } });
  const b = await createProduct(products, { price: { amountMinor: 99, currency: 'EUR' } });
  const order = orderOf({ productId: b.id, quantity: 2 }, { productId: a.id, quantity: 3 });
  const reserved = await products.reserveInventory(order.reserve, LIMITS);
  expect(reserved.lines).toEqual([
    { productId: b.id, quantity: 2, unitPrice: b.price },
    { productId: a.id, quantity: 3, unitPrice: a.price },
  ]);
  const [row] = await fixture.sql<{ ttl: string; expires_at: Date }>(
    'select extract(epoch from expires_at - created_at)::text as ttl, expires_at from reservations where order_id = $1',
    [order.orderId],
  );
  expect(Number(row?.ttl)).toBe(900);
  expect(Math.abs((reserved.expiresAt?.getTime() ?? 0) - (row?.expires_at.getTime() ?? 0))).toBeLessThanOrEqual(1);
  expect(await stockOf(products, a.id)).toEqual({ stock: 10, reserved: 3, available: 7 });
  expect(await stockOf(products, b.id)).toEqual({ stock: 10, reserved: 2, available: 8 });
});

test('O5 lines of one product are one line, whatever the spelling of its id', async () => {
  const { id, price } = await createProduct(products);
  const order = orderOf({ productId: id, quantity: 1 }, { productId: id.toUpperCase(), quantity: 2 });
  const { lines } = await products.reserveInventory(order.reserve, LIMITS);
  expect(lines).toEqual([{ productId: id, quantity: 3, unitPrice: price }]);
  expect(await stockOf(products, id)).toMatchObject({ reserved: 3 });
});

test('I55 one line that cannot be had refuses all of them, with the product and what is available, and an undo gives back nothing', async () => {
  const a = await createProduct(products, { stockQuantity: 10 });
  const b = await createProduct(products, { stockQuantity: 2 });
  const order = orderOf({ productId: a.id, quantity: 1 }, { productId: b.id, quantity: 3 });
  const refused = await refusal(products.reserveInventory(order.reserve, LIMITS));
  expect(refused).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'insufficient_stock',
    facts: { product_id: b.id, requested_quantity: '3', available_quantity: '2' },
  });
  expect(await stockOf(products, a.id)).toMatchObject({ reserved: 0 });
  expect(await stateOf(fixture, order.orderId)).toBeUndefined();

  // A refusal is final under its key: the saga has gone another way by the time the goods arrive.
  await products.adjustStock({ idempotencyKey: randomUUID(), productId: b.id, delta: 5, reason: 'delivery' }, LIMITS);
  expect(await refusal(products.reserveInventory(order.reserve, LIMITS))).toEqual(refused);
  expect(await products.releaseInventory(order.release, LIMITS)).toEqual({ released: false });
  expect(await stockOf(products, a.id)).toEqual({ stock: 10, reserved: 0, available: 10 });
});

test('an unknown, an inactive and a differently priced product are refused, and nothing moves', async () => {
  const good = await createProduct(products);
  const inactive = await createProduct(products);
  const dollars = await createProduct(products, { price: { amountMinor: 5, currency: 'USD' } });
  await fixture.sql('update products set active = false where id = $1', [inactive.id]);
  const line = { productId: good.id, quantity: 1 };
  const missing = randomUUID();
  expect(await refusal(products.reserveInventory(orderOf(line, { ...line, productId: missing }).reserve, LIMITS))).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'product_unknown',
    facts: { product_id: missing },
  });
  expect(
    await refusal(products.reserveInventory(orderOf(line, { ...line, productId: inactive.id }).reserve, LIMITS)),
  ).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'product_inactive',
    facts: { product_id: inactive.id },
  });
  expect(
    await refusal(products.reserveInventory(orderOf(line, { ...line, productId: dollars.id }).reserve, LIMITS)),
  ).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    facts: { currencies: 'EUR,USD' },
    fields: ['lines'],
  });
  expect(await stockOf(products, good.id)).toMatchObject({ reserved: 0 });
});

test.each([
  ['no line', [], 'lines'],
  ['101 lines', Array.from({ length: 101 }, () => ({ productId: randomUUID(), quantity: 1 })), 'lines'],
  ['a quantity of 0', [{ productId: randomUUID(), quantity: 0 }], 'lines.0.quantity'],
  ['more than 100,000 of one product in two lines', Array(2).fill({ productId: randomUUID(), quantity: 50_001 }), 'lines'],
  ['a product id that is none', [{ productId: 'robot', quantity: 1 }], 'lines.0.productId'],
])('a reserve of %s is invalid', async (_, lines, field) => {
  expect(await refusal(products.reserveInventory(orderOf(...lines).reserve, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('a reserve that is repeated, at once or later, reserves once and answers the same', async () => {
  const { id } = await createProduct(products);
  const { reserve, orderId } = orderOf({ productId: id, quantity: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => products.reserveInventory(reserve, LIMITS)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(await products.reserveInventory(reserve, LIMITS)).toEqual(answers[0]);
  expect(await stockOf(products, id)).toMatchObject({ reserved: 2 });
  const more = { ...reserve, lines: [{ productId: id, quantity: 3 }] };
  expect(await refusal(products.reserveInventory(more, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
  // One order, one reservation: not even another key makes a second one.
  expect(await refusal(products.reserveInventory({ ...reserve, idempotencyKey: randomUUID() }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { order_id: orderId },
  });
  expect(await stockOf(products, id)).toMatchObject({ reserved: 2 });
});

test('I50 a release gives back once, however often and under whatever key it comes', async () => {
  const { id } = await createProduct(products);
  const { release, orderId, confirm, reserve } = await reservedOrder(products, { productId: id, quantity: 4 });
  expect(await products.releaseInventory(release, LIMITS)).toEqual({ released: true });
  expect(await products.releaseInventory(release, LIMITS)).toEqual({ released: true });
  expect(await products.releaseInventory({ ...release, idempotencyKey: randomUUID() }, LIMITS)).toEqual({ released: false });
  expect(await stockOf(products, id)).toEqual({ stock: 10, reserved: 0, available: 10 });
  expect(await stateOf(fixture, orderId)).toBe('released');
  expect(await refusal(products.confirmReservation(confirm, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    facts: { order_id: orderId, state: 'released' },
  });
  expect(await refusal(products.reserveInventory(reserve, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('I49 a reserve that comes after its release is refused and moves no stock', async () => {
  const { id } = await createProduct(products);
  const order = orderOf({ productId: id, quantity: 4 });
  expect(await products.releaseInventory(order.release, LIMITS)).toEqual({ released: false });
  expect(await refusal(products.reserveInventory(order.reserve, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  });
  expect(await stockOf(products, id)).toMatchObject({ reserved: 0 });
  expect(await stateOf(fixture, order.orderId)).toBeUndefined();
});

test('a paid reservation is released too, a shipped one is not', async () => {
  const { id } = await createProduct(products);
  const paid = await reservedOrder(products, { productId: id, quantity: 1 });
  await products.confirmReservation(paid.confirm, LIMITS);
  expect(await products.releaseInventory(paid.release, LIMITS)).toEqual({ released: true });

  const shipped = await reservedOrder(products, { productId: id, quantity: 1 });
  await products.confirmReservation(shipped.confirm, LIMITS);
  await fixture.sql(`update reservations set state = 'committed' where order_id = $1`, [shipped.orderId]);
  await fixture.sql('update products set stock_quantity = stock_quantity - 1, reserved_quantity = 0 where id = $1', [id]);
  await fixture.sql(
    `insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id) values ($1, 'commit', -1, -1, $2)`,
    [id, shipped.orderId],
  );
  expect(await refusal(products.releaseInventory(shipped.release, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { current_status: 'committed', attempted_status: 'released' },
  });
  await products.confirmReservation({ ...shipped.confirm, idempotencyKey: randomUUID() }, LIMITS);
});

test('a release cannot name its own key as the one it undoes', async () => {
  const { release } = orderOf();
  const own = { ...release, undoesKey: release.idempotencyKey };
  expect(await refusal(products.releaseInventory(own, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['undoesKey'],
  });
});

test('I08 a key is refused for another operation', async () => {
  const { id } = await createProduct(products);
  const { confirm, reserve } = await reservedOrder(products, { productId: id, quantity: 1 });
  const mixed = { ...confirm, idempotencyKey: reserve.idempotencyKey };
  expect(await refusal(products.confirmReservation(mixed, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
});

test('a confirmed reservation has no expiry, and confirming again changes nothing', async () => {
  const { id } = await createProduct(products);
  const { confirm, orderId } = await reservedOrder(products, { productId: id, quantity: 1 });
  expect(await products.confirmReservation(confirm, LIMITS)).toEqual({});
  expect(await products.confirmReservation(confirm, LIMITS)).toEqual({});
  expect(await products.confirmReservation({ ...confirm, idempotencyKey: randomUUID() }, LIMITS)).toEqual({});
  expect(await fixture.sql('select state, expires_at from reservations where order_id = $1', [orderId])).toEqual([
    { state: 'confirmed', expires_at: null },
  ]);
});

test('a confirm after the hold ran out is refused, swept or not, and one of nothing as well', async () => {
  const { id } = await createProduct(products);
  const { confirm, orderId } = await reservedOrder(products, { productId: id, quantity: 1 });
  await runOut(fixture, orderId);
  const refused = await refusal(products.confirmReservation(confirm, LIMITS));
  expect(refused).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    facts: { order_id: orderId, state: 'expired' },
  });
  expect(await refusal(products.confirmReservation(confirm, LIMITS))).toEqual(refused);
  expect(await refusal(products.confirmReservation(orderOf().confirm, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    facts: { state: 'absent' },
  });
});
