import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isReason } from '../../contracts/reasons.ts';
import { type Answer, type Shop, startShop, textOf } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  // Nobody listens: an order that got past its checks would be 503.
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

let submitted: number;

beforeEach(async () => {
  submitted = await shop.services.orders.answered('SubmitOrder');
});

/** Nothing reached orders, so nothing was started: a workflow's id is an order's. */
async function expectRefused(answer: Answer, status: number, reason: string): Promise<void> {
  expect(answer.body).toMatchObject({ status, reason, type: `/docs/problems.md#${reason}` });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(isReason(reason)).toBe(true);
  expect(answer.body.trace_id).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.body.detail).toEqual(expect.any(String));
  expect(await shop.services.orders.answered('SubmitOrder')).toBe(submitted);
}

const line = (fields: object) => ({ items: [{ product_id: randomUUID(), quantity: 1, ...fields }] });
const lines = (count: number) => ({ items: Array.from({ length: count }, () => ({ product_id: randomUUID(), quantity: 1 })) });

test.each([
  ['O6 quantity 0', line({ quantity: 0 }), '/items/0/quantity'],
  ['O6 quantity -1', line({ quantity: -1 }), '/items/0/quantity'],
  ['O6 quantity 1.5', line({ quantity: 1.5 }), '/items/0/quantity'],
  ['O6 quantity 1e9', line({ quantity: 1e9 }), '/items/0/quantity'],
  ['O6 quantity 2^53 - 1', line({ quantity: 2 ** 53 - 1 }), '/items/0/quantity'],
  ['O6 quantity 1001', line({ quantity: 1_001 }), '/items/0/quantity'],
  ['a quantity in words', line({ quantity: '1' }), '/items/0/quantity'],
  ['no quantity', line({ quantity: undefined }), '/items/0/quantity'],
  ['a product id that is none', line({ product_id: 'mug' }), '/items/0/product_id'],
  ['a price from the client', line({ unit_price: { amount_minor: 1, currency: 'EUR' } }), '/items/0/unit_price'],
  ['a total from the client', { total: { amount_minor: 1, currency: 'EUR' } }, '/total'],
  ['an unknown field with a slash', { 'a/b': 1 }, '/a~1b'],
  ['a user id', { user_id: randomUUID() }, '/user_id'],
  ['0 lines', lines(0), '/items'],
  ['101 lines', lines(101), '/items'],
  ['items of another type', { items: 'all' }, '/items'],
  ['a payment method of another type', { payment_method: 42 }, '/payment_method'],
  ['a payment method with spaces', { payment_method: 'tok ok' }, '/payment_method'],
  ['a card number as payment method', { payment_method: '4111-1111-1111-1111' }, '/payment_method'],
  ['no payment method', { payment_method: undefined }, '/payment_method'],
  [
    'an address without a city',
    { shipping_address: { line1: 'A 1', postal_code: '1', country: 'BE' } },
    '/shipping_address/city',
  ],
  [
    'a country in words',
    { shipping_address: { line1: 'A', city: 'B', postal_code: '1', country: 'Belgium' } },
    '/shipping_address/country',
  ],
  [
    'a country that does not exist',
    { shipping_address: { line1: 'A', city: 'B', postal_code: '1', country: 'XX' } },
    '/shipping_address/country',
  ],
])('%s is 422 and names the field', async (_, body, pointer) => {
  const answer = await shop.order({ body });
  await expectRefused(answer, 422, 'validation_failed');
  expect(answer.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
});

test('a prototype in the body is a field that is not known', async () => {
  const answer = await shop.order({ raw: JSON.stringify(shop.newOrder()).replace('{', '{"__proto__":{"quantity":1},') });
  await expectRefused(answer, 422, 'validation_failed');
  expect(answer.body.errors).toMatchObject([{ pointer: '/__proto__' }]);
});

test.each([
  ['malformed', 400, '{"items": ['],
  ['empty', 400, ''],
  ['blank', 400, ' '],
  ['not UTF-8', 400, Buffer.from([0x22, 0xff, 0x22])],
  ['half a character', 400, '{"payment_method":"\\ud800"}'],
  ['a list', 422, '[]'],
  ['null', 422, 'null'],
  ['too large', 413, JSON.stringify({ padding: 'x'.repeat(70_000) })],
])('a body that is %s is %i', async (_, status, raw) => {
  await expectRefused(await shop.order({ raw }), status, 'validation_failed');
});

test('a body that grows too large without saying so is 413', async () => {
  const { hostname, port } = new URL(shop.base);
  const authorization = (await shop.as('customer')).Authorization;
  const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nIdempotency-Key: k\r\n`;
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let seen = '';
    socket.on('data', (bytes) => {
      seen += bytes.toString();
    });
    socket.on('close', () => resolve(seen));
    socket.on('error', reject);
    socket.write(`${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let chunk = 0; chunk < 5; chunk += 1) socket.write(`4000\r\n${' '.repeat(0x4000)}\r\n`);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain('"reason":"validation_failed"');
});

test('a body of another type, or encoded, is 415', async () => {
  const headers = { 'Content-Type': 'text/plain' };
  await expectRefused(await shop.order({ headers }), 415, 'validation_failed');
  await expectRefused(await shop.order({ headers: { 'Content-Encoding': 'gzip' } }), 415, 'validation_failed');
  const utf16 = { 'Content-Type': 'application/json; charset=utf-16' };
  await expectRefused(await shop.order({ headers: utf16 }), 415, 'validation_failed');
});

test.each([
  ['I01 no Idempotency-Key', undefined],
  ['I02 an empty Idempotency-Key', ''],
  ['I04 an Idempotency-Key of 256 characters', 'k'.repeat(256)],
  ['I05 an Idempotency-Key with a tab', 'a\tb'],
  ['I05 an Idempotency-Key with a letter that is not ASCII', 'é'],
  ['I09 an Idempotency-Key that is a statement', "'; drop table idempotency; --"],
])('%s is 400', async (_, key) => {
  const headers = { ...(await shop.as('customer')), ...(key === undefined ? {} : { 'Idempotency-Key': key }) };
  const answer = await shop.call('POST', '/v1/orders', { body: shop.newOrder(), headers });
  await expectRefused(answer, 400, 'idempotency_key_missing');
});

test('I06 two Idempotency-Keys are 400', async () => {
  const headers = new Headers({ 'Idempotency-Key': 'a' });
  headers.append('Idempotency-Key', 'b');
  const answer = await shop.order({ headers: { 'Idempotency-Key': headers.get('Idempotency-Key') ?? '' } });
  await expectRefused(answer, 400, 'idempotency_key_missing');
});

test('a token that is missing, broken, expired or meant for somebody else is 401', async () => {
  const { issuer, customer } = shop;
  const bearer = async (overrides: object) => `Bearer ${await issuer.sign(customer, 'customer', overrides)}`;
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
  const wrong = [
    '',
    'Basic dXNlcjpwYXNz',
    'Bearer nonsense',
    `Bearer ${unsigned}`,
    `${await bearer({})}x`,
    await bearer({ expires: Math.floor(Date.now() / 1000) - 60 }),
    await bearer({ issuer: 'somebody' }),
    await bearer({ audience: 'somebody' }),
    `Bearer ${await issuer.sign(customer, 'root')}`,
  ];
  for (const Authorization of wrong) {
    const answer = await shop.order({ headers: { Authorization } });
    await expectRefused(answer, 401, 'unauthenticated');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
});

test('an API key that nobody knows is 401, without one the caller is anonymous', async () => {
  await expectRefused(await shop.order({ headers: { 'X-API-Key': 'made-up' } }), 401, 'unauthenticated');
  await expectRefused(await shop.order({ headers: { 'X-API-Key': 'x'.repeat(5_000) } }), 401, 'unauthenticated');
  expect((await shop.call('GET', '/v1/products')).status).toBe(200);
});

test("another user's order is 404, and operators see it", async () => {
  const { call } = shop;
  expect((await shop.order()).status).toBe(503);
  const id = await shop.newestOrder();
  const mine = await call('GET', `/v1/orders/${id}`, { headers: await shop.as('customer') });
  expect(mine.status).toBe(200);
  submitted += 1;
  for (const path of [`/v1/orders/${id}`, `/v1/orders/${id}/status`]) {
    await expectRefused(await call('GET', path, { headers: await shop.as('customer', randomUUID()) }), 404, 'not_found');
    expect((await call('GET', path, { headers: await shop.as('operator', randomUUID()) })).status).toBe(200);
  }
  await expectRefused(await call('GET', `/v1/orders/${randomUUID()}`, { headers: await shop.as('customer') }), 404, 'not_found');
  await expectRefused(await call('GET', '/v1/orders/not-an-id', { headers: await shop.as('customer') }), 404, 'not_found');
  await expectRefused(await call('GET', `/v1/orders/${id}`), 401, 'unauthenticated');
});

test("another user's profile is 404, and operators see it", async () => {
  const { call } = shop;
  const body = { email: `${randomUUID()}@example.com`, password: 'correct horse', name: 'Ada' };
  const path = `/v1/users/${textOf((await call('POST', '/v1/users', { body })).body, 'id')}`;
  await expectRefused(await call('GET', path, { headers: await shop.as('customer', randomUUID()) }), 404, 'not_found');
  await expectRefused(await call('GET', path), 401, 'unauthenticated');
  expect((await call('GET', path, { headers: await shop.as('operator', randomUUID()) })).body).toMatchObject({
    email: body.email,
  });
});

test('only an admin writes products', async () => {
  const body = { sku: 'mug', name: 'Mug', price: { amount_minor: 1, currency: 'EUR' }, stock_quantity: 1 };
  for (const role of ['customer', 'operator']) {
    await expectRefused(await shop.call('POST', '/v1/products', { body, headers: await shop.as(role) }), 403, 'forbidden');
    const stock = await shop.call('POST', `/v1/products/${randomUUID()}/stock`, { body, headers: await shop.as(role) });
    await expectRefused(stock, 403, 'forbidden');
  }
  await expectRefused(await shop.call('POST', '/v1/products', { body }), 401, 'unauthenticated');
  expect(await shop.services.products.sql(`select id from products where sku = 'mug'`)).toEqual([]);
});

test.each([
  ['/v1/products?limit=0', '/limit', 422],
  ['/v1/products?limit=101', '/limit', 422],
  ['/v1/products?limit=ten', '/limit', 422],
  ['/v1/products?limit=1&limit=2', '/limit', 422],
  ['/v1/products?colour=red', '/colour', 422],
  ['/v1/products?cursor=made-up', '/cursor', 400],
])('GET %s is refused and names the parameter', async (path, pointer, status) => {
  const answer = await shop.call('GET', path);
  await expectRefused(answer, status, 'validation_failed');
  expect(answer.body.errors).toMatchObject([{ pointer }]);
});

test.each([
  ['email', { email: 'nobody' }],
  ['password', { password: 'short' }],
  ['password', { password: 'é'.repeat(37) }],
  ['name', { name: 'a\u0000b' }],
  ['role', { role: 'admin' }],
])('a registration with a wrong %s is 422', async (field, wrong) => {
  const body = { email: 'a@example.com', password: 'correct horse', name: 'Ada', ...wrong };
  const answer = await shop.call('POST', '/v1/users', { body });
  await expectRefused(answer, 422, 'validation_failed');
  expect(answer.body.errors).toMatchObject([{ pointer: `/${field}` }]);
});

test('what is not there is 404, a method that is not there 405 with Allow, both problems', async () => {
  for (const path of ['/v1/nothing', '/nothing', '/v1', '//', '/v2/orders', '/v1/orders/%zz', '/constructor']) {
    await expectRefused(await shop.call('GET', path, { headers: await shop.as('customer') }), 404, 'not_found');
  }
  const answer = await shop.call('DELETE', '/v1/orders');
  await expectRefused(answer, 405, 'not_found');
  expect(answer.headers.get('allow')).toMatch(/POST/);
});
