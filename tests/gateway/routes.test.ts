import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Shop, startShop } from './support/shop.ts';

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
  const Authorization = `Bearer ${login.body.access_token}`;
  const me = await shop.call('GET', '/v1/users/me', { headers: { Authorization } });
  expect(me.status).toBe(200);
  expect(me.body).toEqual(registered.body);
});

test('an admin creates a product and changes its stock, and everybody sees it', async () => {
  const headers = await shop.as('admin');
  const created = await shop.call('POST', '/v1/products', { body: product(), headers });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ price: { amount_minor: 1250, currency: 'EUR' }, available_quantity: 5 });
  const path = `/v1/products/${created.body.id}`;
  expect(created.headers.get('location')).toBe(path);
  const stocked = await shop.call('POST', `${path}/stock`, { body: { delta: 3, reason: 'delivery' }, headers });
  expect(stocked.body).toMatchObject({ stock_quantity: 8, available_quantity: 8 });
  const seen = await shop.call('GET', path);
  expect(seen.body).toEqual(stocked.body);
});
