import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  productOf,
  productRequest,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

test('a created product can be read, and all of its stock is available', async () => {
  const request = productRequest({ description: 'Walks\nand talks', stockQuantity: 7 });
  const created = productOf(await products.createProduct(request, LIMITS));
  const { idempotencyKey: _, ...fields } = request;
  expect(created).toMatchObject({ ...fields, reservedQuantity: 0, availableQuantity: 7, active: true, version: 1 });
  expect(productOf(await products.getProduct({ productId: created.id.toUpperCase() }, LIMITS))).toEqual(created);
  expect(await disagreements(fixture)).toEqual([]);
});

test('an unknown product is not found', async () => {
  const productId = randomUUID();
  const unknown = { code: 'NOT_FOUND', reason: 'product_unknown', facts: { product_id: productId } };
  expect(await refusal(products.getProduct({ productId }, LIMITS))).toMatchObject(unknown);
  const change = { idempotencyKey: randomUUID(), productId, delta: 1, reason: 'count' };
  expect(await refusal(products.adjustStock(change, LIMITS))).toMatchObject(unknown);
  expect(await refusal(products.getProduct({ productId: 'robot' }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['productId'],
  });
});

test('a batch answers in the order asked and leaves out what is not there', async () => {
  const [a, b, c] = [await createProduct(products), await createProduct(products), await createProduct(products)];
  const batch = await products.getProducts({ productIds: [c.id, randomUUID(), a.id, b.id] }, LIMITS);
  expect(batch.products).toEqual([c, a, b]);
  expect(await products.getProducts({ productIds: [] }, LIMITS)).toEqual({ products: [] });
  const tooMany = { productIds: Array.from({ length: 101 }, () => randomUUID()) };
  expect(await refusal(products.getProducts(tooMany, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['productIds'],
  });
});

test('creating again with the same key answers the same, even after the product changed, and creates nothing', async () => {
  const request = productRequest();
  const first = await products.createProduct(request, LIMITS);
  await products.adjustStock({ idempotencyKey: randomUUID(), productId: productOf(first).id, delta: 5, reason: 'count' }, LIMITS);
  const again = await Promise.all(Array.from({ length: 5 }, () => products.createProduct(request, LIMITS)));
  for (const answer of again) expect(answer).toEqual(first);
  expect(await fixture.sql('select 1 from products where sku = $1', [request.sku])).toHaveLength(1);
});

test('a key that created another product is refused', async () => {
  const request = productRequest();
  await products.createProduct(request, LIMITS);
  expect(await refusal(products.createProduct({ ...request, stockQuantity: 11 }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
});

test('a SKU that is taken is refused, now and when asked again', async () => {
  const { sku } = await createProduct(products);
  const second = productRequest({ sku });
  const taken = await refusal(products.createProduct(second, LIMITS));
  expect(taken).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'validation_failed', fields: ['sku'] });
  expect(await refusal(products.createProduct(second, LIMITS))).toEqual(taken);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['no SKU', { sku: '' }, 'sku'],
  ['no name', { name: '  ' }, 'name'],
  ['a name of two lines', { name: 'Red\nrobot' }, 'name'],
  ['NUL in its description', { description: 'a\0b' }, 'description'],
  ['no price', { price: undefined }, 'price'],
  ['a price of nothing', { price: { amountMinor: 0, currency: 'EUR' } }, 'price.amountMinor'],
  ['a price beyond any that is meant', { price: { amountMinor: 1_000_000_000_001, currency: 'EUR' } }, 'price.amountMinor'],
  ['a currency that does not exist', { price: { amountMinor: 1, currency: 'EUX' } }, 'price.currency'],
  ['less than no stock', { stockQuantity: -1 }, 'stockQuantity'],
])('a product with %s is invalid', async (_, change, field) => {
  expect(await refusal(products.createProduct(productRequest(change), LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('stock goes up and down, once per key, and the version with it', async () => {
  const { id } = await createProduct(products, { stockQuantity: 10 });
  const change = { idempotencyKey: randomUUID(), productId: id, delta: 5, reason: 'delivery' };
  const first = await products.adjustStock(change, LIMITS);
  expect(productOf(first)).toMatchObject({ stockQuantity: 15, availableQuantity: 15, version: 2 });
  expect(await products.adjustStock(change, LIMITS)).toEqual(first);
  const down = await products.adjustStock({ ...change, idempotencyKey: randomUUID(), delta: -15, reason: 'loss' }, LIMITS);
  expect(productOf(down)).toMatchObject({ stockQuantity: 0, version: 3 });
  expect(await refusal(products.adjustStock({ ...change, delta: 6 }, LIMITS))).toMatchObject({
    reason: 'idempotency_key_reused',
  });
  const ledger = await fixture.sql('select kind, stock_delta, reason from stock_movements where product_id = $1 order by id', [
    id,
  ]);
  expect(ledger).toEqual([
    { kind: 'initial', stock_delta: 10, reason: '' },
    { kind: 'adjust', stock_delta: 5, reason: 'delivery' },
    { kind: 'adjust', stock_delta: -15, reason: 'loss' },
  ]);
});

test('what is reserved cannot be taken out of the stock', async () => {
  const { id } = await createProduct(products, { stockQuantity: 10 });
  await products.reserveInventory(orderOf({ productId: id, quantity: 4 }).reserve, LIMITS);
  const change = { idempotencyKey: randomUUID(), productId: id, delta: -7, reason: 'loss' };
  expect(await refusal(products.adjustStock(change, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'insufficient_stock',
    facts: { product_id: id, available_quantity: '6' },
  });
  expect(await stockOf(products, id)).toEqual({ stock: 10, reserved: 4, available: 6 });
  await products.adjustStock({ ...change, idempotencyKey: randomUUID(), delta: -6 }, LIMITS);
  expect(await stockOf(products, id)).toEqual({ stock: 4, reserved: 4, available: 0 });
  expect(await disagreements(fixture)).toEqual([]);
});

test('a stock beyond all bounds is refused', async () => {
  const { id } = await createProduct(products, { stockQuantity: 1_000_000_000 });
  const change = { idempotencyKey: randomUUID(), productId: id, delta: 1, reason: 'delivery' };
  expect(await refusal(products.adjustStock(change, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    fields: ['delta'],
  });
  expect(await refusal(products.adjustStock({ ...change, delta: 0 }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['delta'],
  });
});
