import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import { createProduct, LIMITS, openProducts, orderOf, type ProductCalls, type ProductsFixture } from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

async function databaseTime(): Promise<Date> {
  const [row] = await fixture.sql<{ now: Date }>('select clock_timestamp() as now');
  if (!row) throw new Error('The database has no time');
  return row.now;
}

function reprice(productId: string, amountMinor: number, currency = 'EUR') {
  const change = { idempotencyKey: `price:${productId}:${amountMinor}`, productId, price: { amountMinor, currency } };
  return products.updateProduct(change, LIMITS);
}

async function reservedPrice(productId: string, pricesAsOf: Date) {
  const { reserve } = orderOf({ productId, quantity: 1 });
  const { lines } = await products.reserveInventory({ ...reserve, pricesAsOf }, LIMITS);
  return lines[0]?.unitPrice;
}

test('an order pays the price of its submission, whatever the price becomes later', async () => {
  const { id } = await createProduct(products, { price: { amountMinor: 1_000, currency: 'EUR' } });
  const submitted = await databaseTime();
  await reprice(id, 10_000);
  const between = await databaseTime();
  await reprice(id, 900, 'USD');
  expect(await reservedPrice(id, submitted)).toEqual({ amountMinor: 1_000, currency: 'EUR' });
  expect(await reservedPrice(id, between)).toEqual({ amountMinor: 10_000, currency: 'EUR' });
  expect(await reservedPrice(id, await databaseTime())).toEqual({ amountMinor: 900, currency: 'USD' });
});

test('a product that is younger than the submission is sold at its first price', async () => {
  const before = await databaseTime();
  const { id } = await createProduct(products, { price: { amountMinor: 700, currency: 'EUR' } });
  await reprice(id, 800);
  expect(await reservedPrice(id, before)).toEqual({ amountMinor: 700, currency: 'EUR' });
});

test('prices in one currency at the submission are accepted, although one has changed since', async () => {
  const first = await createProduct(products);
  const second = await createProduct(products);
  const submitted = await databaseTime();
  await reprice(second.id, 5, 'USD');
  const { reserve } = orderOf({ productId: first.id, quantity: 1 }, { productId: second.id, quantity: 1 });
  expect((await products.reserveInventory({ ...reserve, pricesAsOf: submitted }, LIMITS)).lines).toHaveLength(2);
  const later = orderOf({ productId: first.id, quantity: 1 }, { productId: second.id, quantity: 1 });
  const refused = await refusal(products.reserveInventory({ ...later.reserve, pricesAsOf: await databaseTime() }, LIMITS));
  expect(refused).toMatchObject({ reason: 'validation_failed', facts: { currencies: 'EUR,USD' } });
});

test('a price in a currency that the shop does not sell in is refused, at creation and later', async () => {
  const refused = { code: 'FAILED_PRECONDITION', reason: 'validation_failed', fields: ['price.currency'] };
  const price = { amountMinor: 1_000, currency: 'JPY' };
  expect(await refusal(createProduct(products, { price }))).toMatchObject(refused);
  const { id } = await createProduct(products);
  expect(await refusal(reprice(id, 1_000, 'JPY'))).toMatchObject(refused);
});

test('a price is never changed or removed in the database', async () => {
  const { id } = await createProduct(products);
  await expect(fixture.sql('update product_prices set price_minor = 1 where product_id = $1', [id])).rejects.toThrow(
    'never changed',
  );
  await expect(fixture.sql('delete from product_prices where product_id = $1', [id])).rejects.toThrow('never changed');
});

test('a product keeps its picture, weight and size, and loses them on request', async () => {
  const described = { imageUrl: 'https://shop.example/mug.jpg', weightGrams: 350 };
  const dimensions = { lengthMm: 120, widthMm: 90, heightMm: 100 };
  const { id } = await createProduct(products, { ...described, dimensions });
  expect((await products.getProduct({ productId: id }, LIMITS)).product).toMatchObject({ ...described, dimensions });
  const none = { imageUrl: '', weightGrams: 0, dimensions: { lengthMm: 0, widthMm: 0, heightMm: 0 } };
  const { product } = await products.updateProduct({ idempotencyKey: `bare:${id}`, productId: id, ...none }, LIMITS);
  expect(product).toMatchObject({ imageUrl: '' });
  expect(product?.weightGrams).toBeUndefined();
  expect(product?.dimensions).toBeUndefined();
});
