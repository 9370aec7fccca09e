// A whole client: node tests/e2e/client.mjs (with the platform running) logs in, orders, and prints what became of it.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

const facts = JSON.parse(readFileSync(`${process.env.SHOPFAST_DATA_DIR ?? '.data'}/platform.json`, 'utf8'));

async function call(method, path, body, headers = {}) {
  const response = await fetch(`${facts.gateway}/v1${path}`, {
    method,
    headers: { 'X-API-Key': facts.api_key, 'Content-Type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const { email, password } = facts.customer;
const login = await call('POST', '/auth/login', { email, password });
const order = { items: [{ product_id: facts.products[0].id, quantity: 1 }], payment_method: process.argv[2] ?? 'tok_ok' };
const key = { Authorization: `Bearer ${login.body.access_token}`, 'Idempotency-Key': randomUUID() };
const placed = await call('POST', '/orders', order, key);
const again = await call('POST', '/orders', order, key); // safe: the same key never orders twice
const idOf = ({ body }) => body.id ?? body.order_id; // a refused order is a problem that names it
console.log(JSON.stringify({ status: placed.status, order: placed.body, same: idOf(placed) === idOf(again) }, null, 2));
