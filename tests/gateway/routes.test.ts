import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { cancellation, confirmation, creation, dispatch, LIMITS, submitted } from '../services/orders-fixture.ts';
import { type Shop, startShop, textOf } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  // No Temporal: none of these needs it.
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

const person = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse', name: 'Ada' });
const product = () => ({ sku: randomUUID(), name: 'Mug', price: { amount_minor: 1250, currency: 'EUR' }, stock_quantity: 5 });

test('somebody registers, signs in and reads their own profile', async () => {
  const { email, password, name } = person();
  const registered = await shop.call('POST', '/v1/users', { body: { email, password, name } });
  expect(registered.status).toBe(201);
  expect(registered.body).toMatchObject({ email, name, role: 'customer' });
  expect(registered.text).not.toContain(password);
  const login = await shop.call('POST', '/v1/auth/login', { body: { email, password } });
  expect(login.status).toBe(200);
  expect(login.body).toMatchObject({ token_type: 'Bearer', expires_in: 900, user_id: registered.body.id });
  const Authorization = `Bearer ${textOf(login.body, 'access_token')}`;
  const me = await shop.call('GET', '/v1/users/me', { headers: { Authorization } });
  expect(me.status).toBe(200);
  expect(me.body).toEqual(registered.body);
});

test('an admin creates a product and changes its stock, and everybody sees it', async () => {
  const headers = await shop.as('admin');
  const created = await shop.call('POST', '/v1/products', { body: product(), headers });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ price: { amount_minor: 1250, currency: 'EUR' }, available_quantity: 5 });
  const path = `/v1/products/${textOf(created.body, 'id')}`;
  expect(created.headers.get('location')).toBe(path);
  const stocked = await shop.call('POST', `${path}/stock`, { body: { delta: 3, reason: 'delivery' }, headers });
  expect(stocked.body).toMatchObject({ stock_quantity: 8, available_quantity: 8 });
  const seen = await shop.call('GET', path);
  expect(seen.body).toEqual(stocked.body);
});

test('products are found by word and category, page by page', async () => {
  const headers = await shop.as('admin');
  const add = async (name: string, category: string) =>
    textOf((await shop.call('POST', '/v1/products', { body: { ...product(), name, category }, headers })).body, 'id');
  const mugs = [await add('Blue kettle', 'kitchen'), await add('Red kettle', 'kitchen')];
  await add('Kettle of fish', 'food');
  const search = '/v1/products?q=kettle&category=kitchen&limit=1';
  const first = await shop.call('GET', search);
  expect(first.body).toMatchObject({ items: [expect.any(Object)], next_cursor: expect.any(String) });
  const last = await shop.call('GET', `${search}&cursor=${textOf(first.body, 'next_cursor')}`);
  expect(last.body.next_cursor).toBeNull();
  const found = [first, last].flatMap(({ body }) => z.array(z.object({ id: z.string() })).parse(body.items));
  expect(found.map(({ id }) => id).toSorted()).toEqual(mugs.toSorted());
});

test('a description may have several lines', async () => {
  const body = { ...product(), description: 'Holds tea.\nAnd coffee.' };
  const created = await shop.call('POST', '/v1/products', { body, headers: await shop.as('admin') });
  expect(created.body).toMatchObject({ description: body.description });
});

test('a product that is not there is 404', async () => {
  const answer = await shop.call('GET', `/v1/products/${randomUUID()}`);
  expect(answer.status).toBe(404);
  expect(answer.body).toMatchObject({ reason: 'not_found' });
});

test('own orders are listed newest first, by page and by status, and name what they can', async () => {
  const userId = randomUUID();
  const headers = await shop.as('customer', userId);
  const { id: mug } = (await shop.call('POST', '/v1/products', { body: product(), headers: await shop.as('admin') })).body;
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    await shop.order({ userId, body: { items: [{ product_id: mug, quantity: 2 }] } });
    ids.unshift(await shop.newestOrder());
  }
  await shop.order();
  const first = await shop.call('GET', '/v1/orders?limit=2', { headers });
  expect(first.body).toMatchObject({ items: [{ id: ids[0] }, { id: ids[1] }], next_cursor: expect.any(String) });
  const last = await shop.call('GET', `/v1/orders?limit=2&cursor=${textOf(first.body, 'next_cursor')}`, { headers });
  expect(last.body).toMatchObject({ items: [{ id: ids[2], status: 'SUBMITTED' }], next_cursor: null });
  const paid = await shop.call('GET', '/v1/orders?status=PAID', { headers });
  expect(paid.body).toEqual({ items: [], next_cursor: null });
  const wrong = await shop.call('GET', '/v1/orders?status=LOST', { headers });
  expect(wrong.status).toBe(422);
  const one = await shop.call('GET', `/v1/orders/${ids[0]}`, { headers });
  expect(one.body).toMatchObject({ items: [{ product_id: mug, name: 'Mug', quantity: 2 }], subtotal: null });
});

test('an order shows neither the payment method nor the address', async () => {
  const shipping_address = { line1: 'Secret street 1', city: 'Ghent', postal_code: '9000', country: 'BE' };
  await shop.order({ body: { payment_method: 'tok_secret', shipping_address } });
  const id = await shop.newestOrder();
  const read = await shop.call('GET', `/v1/orders/${id}`, { headers: await shop.as('customer') });
  expect(read.status).toBe(200);
  expect(read.text).not.toMatch(/tok_secret|Secret street/);
});

/** The id of an order of the shop's customer whose record has this status, made without a workflow. */
async function recorded(status: 'RESERVED' | 'PAID' | 'SHIPPED' | 'CANCELLED'): Promise<string> {
  const { calls } = shop.clients.orders;
  const order = await submitted(calls, { userId: shop.customer });
  if (status === 'CANCELLED') await calls.cancelOrder(cancellation(order), LIMITS);
  else await calls.createOrder(creation(order), LIMITS);
  if (status === 'PAID' || status === 'SHIPPED') await calls.confirmOrder(confirmation(order), LIMITS);
  if (status === 'SHIPPED') await calls.shipOrder(dispatch(order), LIMITS);
  return order.id;
}

test.each([
  ['PAID', 'SagaCompleted'],
  ['SHIPPED', 'SagaCompleted'],
  ['RESERVED', 'OrderCreated'],
  ['CANCELLED', 'SagaFailed'],
] as const)('an order that is %s is told as %s by its record alone', async (status, saga_state) => {
  const id = await recorded(status);
  const headers = await shop.as('customer');
  expect((await shop.call('GET', `/v1/orders/${id}`, { headers })).body).toMatchObject({ status, saga_state });
  expect((await shop.call('GET', `/v1/orders/${id}/status`, { headers })).body).toMatchObject({ status, saga_state });
});

test('wrong credentials are 401 without telling which of them was wrong', async () => {
  const { email, password, name } = person();
  await shop.call('POST', '/v1/users', { body: { email, password, name } });
  const wrong = await shop.call('POST', '/v1/auth/login', { body: { email, password: 'something else' } });
  const unknown = await shop.call('POST', '/v1/auth/login', { body: { email: 'nobody@example.com', password } });
  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  expect(wrong.body.detail).toEqual(unknown.body.detail);
});

test('an e-mail that is taken is 409', async () => {
  const body = person();
  await shop.call('POST', '/v1/users', { body });
  const again = await shop.call('POST', '/v1/users', { body });
  expect(again).toMatchObject({ status: 409, body: { reason: 'email_taken' } });
});

test('a path without a version is the newest version', async () => {
  const versioned = await shop.call('GET', '/v1/products');
  const plain = await shop.call('GET', '/products');
  expect(plain.status).toBe(200);
  expect(plain.body).toEqual(versioned.body);
});

test('the signing keys are not fetched for every request', async () => {
  const headers = await shop.as('customer');
  expect((await shop.call('GET', '/v1/orders', { headers })).status).toBe(200);
  const fetches = await shop.services.users.answered('GetJwks');
  expect((await shop.call('GET', '/v1/orders', { headers })).status).toBe(200);
  expect(await shop.services.users.answered('GetJwks')).toBe(fetches);
});

test('every answer carries security headers, a request id and no cookie', async () => {
  const headers = { ...(await shop.as('customer')), 'X-Request-ID': 'my-id-1' };
  const answer = await shop.call('GET', '/v1/orders', { headers });
  expect(answer.headers.get('x-request-id')).toBe('my-id-1');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-powered-by')).toBeNull();
  expect(answer.headers.get('set-cookie')).toBeNull();
  const forged = await shop.call('GET', '/nothing', { headers: { 'X-Request-ID': 'a b<script>' } });
  expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  expect(forged.headers.get('x-content-type-options')).toBe('nosniff');
});

test("the caller's trace is continued", async () => {
  const traceId = 'a'.repeat(32);
  const answer = await shop.call('GET', '/nothing', { headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } });
  expect(answer.body.trace_id).toBe(traceId);
});

test('the link of a problem leads to its section', async () => {
  const problem = await shop.call('GET', '/nothing');
  const [path = '', section = ''] = String(problem.body.type).split('#');
  const page = await shop.call('GET', path);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch('text/markdown');
  expect(page.text).toContain(`\n## ${section}\n`);
});

test('live is told without asking anybody, ready not without Temporal', async () => {
  expect((await shop.call('GET', '/health/live')).body).toEqual({ status: 'live' });
  const ready = await shop.call('GET', '/health/ready');
  expect(ready.status).toBe(503);
  expect(ready.body.dependencies).toContainEqual({ name: 'temporal', status: 'down', required: true });
  expect(ready.body.dependencies).toContainEqual({ name: 'database', status: 'up', required: true });
});

test('headers that are too large are 431', async () => {
  const answer = await shop.call('GET', '/v1/products', { headers: { 'X-Padding': 'x'.repeat(20_000) } });
  expect(answer.status).toBe(431);
});
