import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Shop, startShop } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

test('a search says how many products it finds, when it is asked, and its tag changes with the number', async () => {
  const category = randomUUID();
  const headers = await shop.as('admin');
  const add = (sku: string) =>
    shop.call('POST', '/v1/products', {
      body: { sku, name: sku, category, price: { amount_minor: 1, currency: 'EUR' }, stock_quantity: 1 },
      headers,
    });
  await add(randomUUID());
  await add(randomUUID());
  const path = `/v1/products?category=${category}&limit=1&total_count=true`;
  const two = await shop.call('GET', path);
  expect(two.body).toMatchObject({ total_count: 2 });
  await add(randomUUID());
  const three = await shop.call('GET', path, { headers: { 'If-None-Match': two.headers.get('etag') ?? '' } });
  expect(three.body).toMatchObject({ total_count: 3 });
  expect((await shop.call('GET', `/v1/products?category=${category}`)).body).not.toHaveProperty('total_count');
});
