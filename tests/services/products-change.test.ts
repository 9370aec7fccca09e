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
  productOf,
  reservedOrder,
  returnOf,
  runOut,
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

test('what is set changes, what is not stays, and the version says so', async () => {
  const before = await createProduct(products, { description: 'Walks', category: 'toys' });
  const change = { idempotencyKey: randomUUID(), productId: before.id, name: 'Green robot', description: '' };
  const changed = productOf(await products.updateProduct(change, LIMITS));
  expect(changed).toEqual({ ...before, name: 'Green robot', description: '', version: 2, updatedAt: expect.any(Date) });
  expect(changed.updatedAt?.getTime()).toBeGreaterThanOrEqual(before.updatedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  expect(productOf(await products.getProduct({ productId: before.id }, LIMITS))).toEqual(changed);
});

test('a change that sets nothing changes nothing', async () => {
  const before = await createProduct(products);
  const nothing = { idempotencyKey: randomUUID(), productId: before.id };
  expect(productOf(await products.updateProduct(nothing, LIMITS))).toEqual(before);
});

test('whatever changes a product or moves its stock, its version grows by one and its time says so', async () => {
  const { id } = await createProduct(products);
  const unit = { productId: id, quantity: 1 };
  const versions: number[] = [];
  let updatedAt = new Date(0);
  const read = async () => {
    const product = productOf(await products.getProduct({ productId: id }, LIMITS));
    versions.push(product.version);
    expect(product.updatedAt?.getTime()).toBeGreaterThanOrEqual(updatedAt.getTime());
    updatedAt = product.updatedAt ?? updatedAt;
  };
  await read();
  await products.updateProduct({ idempotencyKey: randomUUID(), productId: id, name: 'Green robot' }, LIMITS);
  await read();
  await products.adjustStock({ idempotencyKey: randomUUID(), productId: id, delta: 1, reason: 'delivery' }, LIMITS);
  await read();
  const released = await reservedOrder(products, unit);
  await read();
  await products.releaseInventory(released.release, LIMITS);
  await read();
  const expired = await reservedOrder(products, unit);
  await read();
  await runOut(fixture, expired.orderId);
  await fixture.swept(expired.orderId);
  await read();
  const shipped = await paidOrder(products, unit);
  await read();
  await products.commitReservation(shipped.commit, LIMITS);
  await read();
  await products.restockReturn(returnOf(shipped.orderId, unit), LIMITS);
  await read();
  expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a new price is for new reservations; those made before keep theirs', async () => {
  const { id, price } = await createProduct(products, { price: { amountMinor: 1_000, currency: 'EUR' } });
  const early = orderOf({ productId: id, quantity: 2 });
  await products.reserveInventory(early.reserve, LIMITS);
  const dearer = { amountMinor: 1_500, currency: 'EUR' };
  await products.updateProduct({ idempotencyKey: randomUUID(), productId: id, price: dearer }, LIMITS);
  expect((await products.reserveInventory(early.reserve, LIMITS)).lines).toEqual([
    { productId: id, quantity: 2, unitPrice: price },
  ]);
  const late = await products.reserveInventory(orderOf({ productId: id, quantity: 1 }).reserve, LIMITS);
  expect(late.lines).toEqual([{ productId: id, quantity: 1, unitPrice: dearer }]);
  expect(await stockOf(products, id)).toEqual({ stock: 10, reserved: 3, available: 7 });
});

test('a product that is taken off sale is neither reserved nor found, and what it holds stays held', async () => {
  const { id } = await createProduct(products);
  await reservedOrder(products, { productId: id, quantity: 4 });
  await products.updateProduct({ idempotencyKey: randomUUID(), productId: id, active: false }, LIMITS);
  expect(await refusal(products.reserveInventory(orderOf({ productId: id, quantity: 1 }).reserve, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'product_inactive',
  });
  expect(await stockOf(products, id)).toMatchObject({ reserved: 4 });
  await products.updateProduct({ idempotencyKey: randomUUID(), productId: id, active: true }, LIMITS);
  await reservedOrder(products, { productId: id, quantity: 1 });
});

test('a repeated change answers what the first did and undoes no later one; its key is good for nothing else', async () => {
  const { id } = await createProduct(products);
  const change = { idempotencyKey: randomUUID(), productId: id, name: 'First' };
  const first = await products.updateProduct(change, LIMITS);
  await products.updateProduct({ ...change, idempotencyKey: randomUUID(), name: 'Second' }, LIMITS);
  expect(await products.updateProduct(change, LIMITS)).toEqual(first);
  expect(productOf(await products.getProduct({ productId: id }, LIMITS)).name).toBe('Second');
  expect(await refusal(products.updateProduct({ ...change, name: 'Third' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
});

test('a change of an unknown product is refused, and again in the same words', async () => {
  const change = { idempotencyKey: randomUUID(), productId: randomUUID(), name: 'Nothing' };
  const refused = await refusal(products.updateProduct(change, LIMITS));
  expect(refused).toMatchObject({ code: 'NOT_FOUND', reason: 'product_unknown', facts: { product_id: change.productId } });
  expect(await refusal(products.updateProduct(change, LIMITS))).toEqual(refused);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['no product', { productId: 'robot' }, 'productId'],
  ['an empty name', { name: ' ' }, 'name'],
  ['a price of nothing', { price: { amountMinor: 0, currency: 'EUR' } }, 'price.amountMinor'],
  ['a currency that does not exist', { price: { amountMinor: 1, currency: 'EUX' } }, 'price.currency'],
])('a change with %s is invalid', async (_, given, field) => {
  const change = { idempotencyKey: randomUUID(), productId: randomUUID(), ...given };
  expect(await refusal(products.updateProduct(change, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('availability is what a reserve would find, per line in the order asked, and asking reserves nothing', async () => {
  const [much, little] = [await createProduct(products), await createProduct(products, { stockQuantity: 2 })];
  const off = await createProduct(products);
  await products.updateProduct({ idempotencyKey: randomUUID(), productId: off.id, active: false }, LIMITS);
  await reservedOrder(products, { productId: much.id, quantity: 4 });
  const missing = randomUUID();
  const lines = [
    { productId: little.id, quantity: 3 },
    { productId: much.id, quantity: 6 },
    { productId: off.id, quantity: 1 },
    { productId: missing, quantity: 1 },
  ];
  expect((await products.checkAvailability({ lines }, LIMITS)).lines).toEqual([
    { productId: little.id, requestedQuantity: 3, availableQuantity: 2, available: false },
    { productId: much.id, requestedQuantity: 6, availableQuantity: 6, available: true },
    { productId: off.id, requestedQuantity: 1, availableQuantity: 0, available: false },
    { productId: missing, requestedQuantity: 1, availableQuantity: 0, available: false },
  ]);
  expect(await stockOf(products, much.id)).toEqual({ stock: 10, reserved: 4, available: 6 });
  expect(await products.checkAvailability({ lines: [] }, LIMITS)).toEqual({ lines: [] });
});

test('two lines of one product are available together or not at all, as a reserve would have them', async () => {
  const { id } = await createProduct(products, { stockQuantity: 5 });
  const lines = [
    { productId: id, quantity: 3 },
    { productId: id.toUpperCase(), quantity: 3 },
  ];
  const seen = { productId: id, requestedQuantity: 3, availableQuantity: 5 };
  expect((await products.checkAvailability({ lines }, LIMITS)).lines).toEqual([
    { ...seen, available: false },
    { ...seen, available: false },
  ]);
});

test.each([
  ['101 lines', Array.from({ length: 101 }, () => ({ productId: randomUUID(), quantity: 1 })), 'lines'],
  ['a quantity of 0', [{ productId: randomUUID(), quantity: 0 }], 'lines.0.quantity'],
  ['a product id that is none', [{ productId: 'robot', quantity: 1 }], 'lines.0.productId'],
])('availability of %s is invalid', async (_, lines, field) => {
  expect(await refusal(products.checkAvailability({ lines }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});
