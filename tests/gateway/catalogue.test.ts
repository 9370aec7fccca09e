import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Shop, startShop, textOf } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

async function create() {
  const body = { sku: randomUUID(), name: 'Mug', price: { amount_minor: 1250, currency: 'EUR' }, stock_quantity: 5 };
  const headers = await shop.as('admin');
  const id = textOf((await shop.call('POST', '/v1/products', { body, headers })).body, 'id');
  return { id, path: `/v1/products/${id}`, headers };
}

const ask = (path: string, tag: string) => shop.call('GET', path, { headers: { 'If-None-Match': tag } });

test('an admin changes what they name of a product, and the rest stays', async () => {
  const { path, headers } = await create();
  const price = { amount_minor: 999, currency: 'EUR' };
  const changed = await shop.call('PUT', path, { body: { price, active: false }, headers });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({ name: 'Mug', price, active: false, version: 2, stock_quantity: 5 });
  expect((await shop.call('GET', path)).body).toEqual(changed.body);
});

test.each([
  ['nothing', {}, ''],
  ['a SKU', { name: 'Mug', sku: 'new' }, '/sku'],
  ['a stock', { name: 'Mug', stock_quantity: 1 }, '/stock_quantity'],
  ['a price without a currency', { price: { amount_minor: 1 } }, '/price/currency'],
  ['a price of nothing', { price: { amount_minor: 0, currency: 'EUR' } }, '/price/amount_minor'],
  ['a name of nothing', { name: ' ' }, '/name'],
  ['words for yes', { active: 'yes' }, '/active'],
])('a change of %s is 422', async (_, body, pointer) => {
  const { path, headers } = await create();
  const answer = await shop.call('PUT', path, { body, headers });
  expect(answer.status).toBe(422);
  expect(answer.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
});

test('a product that is not there cannot be changed', async () => {
  const headers = await shop.as('admin');
  const answer = await shop.call('PUT', `/v1/products/${randomUUID()}`, { body: { name: 'Mug' }, headers });
  expect(answer.status).toBe(404);
});

test('products are read at once, in the order asked for, and those that are not there are named', async () => {
  const [one, two] = [await create(), await create()];
  const unknown = randomUUID();
  const product_ids = [two.id.toUpperCase(), unknown, one.id, two.id];
  const answer = await shop.call('POST', '/v1/products/batch', { body: { product_ids } });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ items: [{ id: two.id }, { id: one.id }], not_found: [unknown] });
});

test.each([
  ['0 ids', []],
  ['101 ids', Array.from({ length: 101 }, () => randomUUID())],
  ['what is no id', ['mug']],
])('a batch of %s is 422', async (_, product_ids) => {
  const answer = await shop.call('POST', '/v1/products/batch', { body: { product_ids } });
  expect(answer.status).toBe(422);
});

test('a product that has not changed is 304 without a body, one that has is 200 under another tag', async () => {
  const { path, headers } = await create();
  const first = await shop.call('GET', path);
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^W\/"[^"]+"$/);
  expect(first.headers.get('cache-control')).toBe('public, no-cache');
  const same = await ask(path, tag);
  expect([same.status, same.text]).toEqual([304, '']);
  expect(same.headers.get('etag')).toBe(tag);
  expect(same.headers.get('cache-control')).toBe('public, no-cache');
  await shop.call('POST', `${path}/stock`, { body: { delta: 1, reason: 'delivery' }, headers });
  const changed = await ask(path, tag);
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(tag);
});

test('If-None-Match may be a list, a strong spelling or *, and what is no tag matches nothing', async () => {
  const { path } = await create();
  const tag = (await shop.call('GET', path)).headers.get('etag') ?? '';
  const strong = tag.slice(2);
  for (const header of ['*', `"other", ${tag}`, `"a,b" ,${strong}`, strong]) expect((await ask(path, header)).status).toBe(304);
  for (const header of ['"other"', strong.replaceAll('"', ''), '', '"', 'W/"'])
    expect((await ask(path, header)).status).toBe(200);
});

test('a list is 304 until one of its products changes', async () => {
  const { path, headers } = await create();
  const tag = (await shop.call('GET', '/v1/products')).headers.get('etag') ?? '';
  expect((await ask('/v1/products', tag)).status).toBe(304);
  await create();
  const first = await shop.call('GET', '/v1/products?limit=1');
  const second = `/v1/products?limit=1&cursor=${textOf(first.body, 'next_cursor')}`;
  expect((await ask(second, first.headers.get('etag') ?? '')).status).toBe(200);
  await shop.call('PUT', path, { body: { name: 'Cup' }, headers });
  expect((await ask('/v1/products', tag)).status).toBe(200);
});

test('what is not there has no tag, whatever the caller has', async () => {
  const answer = await ask(`/v1/products/${randomUUID()}`, '*');
  expect(answer.status).toBe(404);
  expect(answer.headers.get('etag')).toBeNull();
  expect(answer.headers.get('cache-control')).toBe('no-store');
});
