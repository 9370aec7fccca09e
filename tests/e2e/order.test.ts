/**
 * The whole platform as its own processes, spoken to over HTTP alone. What the parts do in detail is tested beside them;
 * here is what only the whole can show.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import * as z from 'zod';
import { eventually } from '../../testkit/eventually.ts';
import { countPerOrder, metersOf } from '../../testkit/meters.ts';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';

const execute = promisify(execFile);
// Milliseconds within which every order must have ended after its parts are back: sticky queue, start-to-close, back-off.
const RECOVERY_LIMIT_MS = 60_000;

let platform: RunningPlatform;
let shop: Shop;

beforeAll(async () => {
  platform = await startPlatform({ env: { ORDER_WAIT_MS: '3000' } });
  shop = await createShop(platform.facts);
}, 180_000);

afterAll(async () => {
  await platform.stop();
}, 60_000);

test('a customer orders over HTTP and the order is paid and confirmed', async () => {
  const product = await shop.createProduct({ stock: 3, priceMinor: 1_000 });

  const placed = await shop.order({ items: [{ product_id: product.id, quantity: 2 }], payment_method: 'tok_ok' });

  expect(placed.status).toBe(201);
  expect(placed.body).toMatchObject({
    status: 'PAID',
    saga_state: 'SagaCompleted',
    subtotal: { amount_minor: 2_000, currency: 'EUR' },
  });
  expect(placed.body.history.map((entry) => entry.status)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID']);
  // Read, it has the products' names as well.
  expect(await shop.getOrder(placed.body.id)).toMatchObject(placed.body);
  expect(await shop.stockOf(product.id)).toEqual({ stock: 3, available: 1 });
});

test('a declined card is answered with 402, and the stock is free again', async () => {
  const product = await shop.createProduct({ stock: 1, priceMinor: 1_000 });

  const placed = await shop.order({ items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_declined' });

  expect(placed.status).toBe(402);
  expect(placed.problem).toMatchObject({ reason: 'payment_declined', step: 'ProcessPayment' });
  expect(await shop.stockOf(product.id)).toEqual({ stock: 1, available: 1 });
  const order = await shop.getOrder(placed.problem.order_id);
  expect(order).toMatchObject({
    status: 'CANCELLED',
    saga_state: 'SagaFailed',
    failure: { step: 'ProcessPayment', reason: 'payment_declined' },
  });
});

test('a suspicious payment is held before it is charged, the order is cancelled and the payment tells operators why', async () => {
  // Very large, and the customer's first one or, beside the test above, one after a declined card.
  const product = await shop.createProduct({ stock: 1, priceMinor: 600_000 });
  const placed = await shop.order({ items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' });

  expect(placed.status).toBe(409);
  expect(placed.problem).toMatchObject({ reason: 'fraud_review', step: 'ProcessPayment' });
  const id = placed.problem.order_id;
  expect(await shop.getOrder(id)).toMatchObject({ status: 'CANCELLED', failure: { reason: 'fraud_review' } });
  expect(await shop.stockOf(product.id)).toEqual({ stock: 1, available: 1 });
  expect(await shop.chargesOf(id)).toEqual([]);
  const { json } = await shop.call('GET', `/orders/${id}/details`, undefined, shop.admin);
  const factors = expect.arrayContaining([expect.objectContaining({ name: 'very_large_amount', weight: 40 })]);
  expect(json).toMatchObject({ payment: { status: 'FAILED', failure_reason: 'fraud_review', fraud: { factors } } });
});

test('a card that is charged without an answer is charged once, and the order confirmed', async () => {
  const product = await shop.createProduct({ stock: 1, priceMinor: 700 });

  const key = randomUUID();
  const body = { items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_timeout_after_charge' };
  await shop.order(body, key);
  const placed = await eventually(
    () => shop.order(body, key),
    (answer) => answer.status === 201,
    RECOVERY_LIMIT_MS,
  );

  expect(placed.body.status).toBe('PAID');
  expect(await shop.chargesOf(placed.body.id)).toEqual([{ amount_minor: placed.body.total?.amount_minor }]);
}, 90_000);

test('an unknown product is refused by the saga, and the order can be read as cancelled', async () => {
  const placed = await shop.order({ items: [{ product_id: randomUUID(), quantity: 1 }], payment_method: 'tok_ok' });

  expect(placed.status).toBe(422);
  expect(placed.problem.reason).toBe('product_unknown');
  expect(await shop.getOrder(placed.problem.order_id)).toMatchObject({
    status: 'CANCELLED',
    failure: { reason: 'product_unknown' },
  });
});

test('the same key twice in parallel is one order and two equal answers', async () => {
  const product = await shop.createProduct({ stock: 5, priceMinor: 100 });
  const body = { items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' };
  const key = randomUUID();

  const [first, second] = await Promise.all([shop.order(body, key), shop.order(body, key)]);

  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
  expect(await shop.stockOf(product.id)).toEqual({ stock: 5, available: 4 });
});

test('a worker killed in the middle of a saga finishes it after its restart, exactly once', async () => {
  const product = await shop.createProduct({ stock: 2, priceMinor: 500 });
  const body = { items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_slow' };
  const key = randomUUID();

  const first = shop.order(body, key, { Prefer: 'respond-async' });
  expect((await first).status).toBe(202);
  await platform.kill('worker', 'SIGKILL');
  const placed = await eventually(
    () => shop.order(body, key),
    (answer) => answer.status === 201,
    RECOVERY_LIMIT_MS,
  );

  expect(placed.body.history.map((entry) => entry.status)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID']);
  expect(await shop.chargesOf(placed.body.id)).toHaveLength(1);
  expect(await shop.stockOf(product.id)).toEqual({ stock: 2, available: 1 });
}, 120_000);

test('products killed when an order comes: 202, and the order finishes when it is back', async () => {
  const product = await shop.createProduct({ stock: 1, priceMinor: 500 });
  const body = { items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' };
  const key = randomUUID();

  await platform.pause('products');
  const waiting = await shop.order(body, key);
  expect(waiting.status).toBe(202);
  await platform.resume('products');

  const placed = await eventually(
    () => shop.order(body, key),
    (answer) => answer.status === 201,
    RECOVERY_LIMIT_MS,
  );
  expect(placed.body.status).toBe('PAID');
}, 120_000);

test('an order is read with its customer, products and payment, and followed to its end', async () => {
  const product = await shop.createProduct({ stock: 2, priceMinor: 1_000 });
  const { body } = await shop.order({ items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' });
  const read = (path: string) => shop.call('GET', path, undefined, shop.customer);

  expect((await read(`/orders/${body.id}/details`)).json).toMatchObject({
    order: { id: body.id, items: [{ product_id: product.id, name: 'A thing' }] },
    user: { id: platform.facts.customer.id },
    payment: { status: 'COMPLETED', amount: body.total },
  });
  const events = await fetch(`${platform.facts.gateway}/v1/orders/${body.id}/events`, { headers: shop.customer });
  expect(await events.text()).toContain('"status":"PAID"');
  const product304 = await fetch(`${platform.facts.gateway}/v1/products/${product.id}`);
  const again = { headers: { 'If-None-Match': product304.headers.get('etag') ?? '' } };
  expect((await fetch(`${platform.facts.gateway}/v1/products/${product.id}`, again)).status).toBe(304);
});

test('a refresh token that is used twice ends its whole family', async () => {
  const { email, password } = platform.facts.customer;
  const refresh = (refresh_token: unknown) => shop.call('POST', '/auth/refresh', { refresh_token });
  const tokenOf = ({ json }: { json: unknown }) => z.object({ refresh_token: z.string() }).parse(json).refresh_token;
  const first = tokenOf(await shop.call('POST', '/auth/login', { email, password }));
  const second = tokenOf(await refresh(first));

  expect((await refresh(first)).status).toBe(401);
  expect((await refresh(second)).status).toBe(401);
});

test('no log holds what somebody registered with, not even that of a database that refused it', async () => {
  const person = { email: `${randomUUID()}@example.org`, password: `${randomUUID()}`, name: 'Zoë Unmistakable' };
  const register = () => shop.call('POST', '/users', person, { 'Idempotency-Key': randomUUID() });
  expect([(await register()).status, (await register()).status]).toEqual([201, 409]);

  const folder = join(platform.dataDir, 'logs');
  const logs = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(logs.length).toBeGreaterThanOrEqual(10);
  for (const secret of [...Object.values(person), '$2b$', 'tok_ok']) expect(logs.join('')).not.toContain(secret);
});

test('an order costs what it is known to cost: calls and statements exactly, a declined one hardly more events', async () => {
  const connection = await Connection.connect({ address: platform.facts.temporal.address });
  const meters = await metersOf(platform);
  const cost = (paymentMethod: string) =>
    countPerOrder({ shop, client: new Client({ connection }), meters, orders: 20, paymentMethod });

  const [confirmed, declined] = [await cost('tok_ok'), await cost('tok_declined')];
  await connection.close();

  expect(confirmed).toMatchObject({ grpc_calls: 7, history_events: 17 });
  expect(Math.round(confirmed.sql_statements)).toBe(64);
  expect(declined.history_events).toBeLessThanOrEqual(1.2 * confirmed.history_events);
}, 120_000);

test('the client of the README runs as it is', async () => {
  const { stdout } = await execute(process.execPath, ['tests/e2e/client.mjs'], {
    env: { ...process.env, SHOPFAST_DATA_DIR: dirname(platform.factsFile) },
  });

  expect(JSON.parse(stdout)).toMatchObject({ status: 201, order: { status: 'PAID' }, same: true });
});
