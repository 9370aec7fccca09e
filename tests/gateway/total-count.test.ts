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

test('a list of orders says how many there are on all pages, when it is asked', async () => {
  const userId = await shop.addCustomer();
  for (let count = 0; count < 3; count += 1) await shop.order({ userId });
  const headers = await shop.as('customer', userId);
  const counted = await shop.call('GET', '/v1/orders?limit=2&total_count=true', { headers });
  expect(counted.body).toMatchObject({ total_count: 3, next_cursor: expect.any(String) });
  const paid = await shop.call('GET', '/v1/orders?status=PAID&total_count=true', { headers });
  expect(paid.body).toMatchObject({ items: [], total_count: 0 });
  expect((await shop.call('GET', '/v1/orders?limit=2', { headers })).body).not.toHaveProperty('total_count');
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

test('parked orders cannot be counted', async () => {
  const headers = await shop.as('operator');
  const answer = await shop.call('GET', '/v1/orders?needs_attention=true&total_count=true', { headers });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/total_count' }] } });
});
