import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stepKey } from '../../contracts/ids.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Shop, startShop, textOf, timed } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

/** The id of a payment of 10.00 EUR for an order. */
async function charge(orderId: string, userId: string): Promise<string> {
  const amount = { amountMinor: 1_000, currency: 'EUR' };
  const payment = { idempotencyKey: stepKey(orderId, 'pay'), orderId, userId, amount, paymentMethod: 'tok_ok' };
  return (await shop.clients.payments.calls.processPayment(payment, { deadlineMs: 10_000 })).paymentId;
}

/** A customer with an order of a product that is there. */
async function ordered() {
  const person = { email: `${randomUUID()}@example.com`, password: 'correct horse', name: 'Ada' };
  const userId = textOf((await shop.call('POST', '/v1/users', { body: person })).body, 'id');
  const mug = { sku: randomUUID(), name: 'Mug', price: { amount_minor: 1250, currency: 'EUR' }, stock_quantity: 5 };
  const admin = await shop.as('admin');
  const productId = textOf((await shop.call('POST', '/v1/products', { body: mug, headers: admin })).body, 'id');
  // No Temporal: it is submitted and waits.
  await shop.order({ userId, body: { items: [{ product_id: productId, quantity: 2 }], payment_method: 'tok_secret' } });
  const orderId = await shop.newestOrder();
  const headers = await shop.as('customer', userId);
  return { userId, productId, orderId, headers, person, sku: mug.sku, path: `/v1/orders/${orderId}/details` };
}

test('an order is shown with its customer, its products and its payment', async () => {
  const { userId, productId, orderId, headers, person, sku, path } = await ordered();
  const paymentId = await charge(orderId, userId);
  const answer = await shop.call('GET', path, { headers });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    order: { id: orderId, status: 'SUBMITTED', items: [{ product_id: productId, name: 'Mug', quantity: 2 }] },
    user: { id: userId, email: person.email },
    products: [{ id: productId, sku, name: 'Mug' }],
    payment: { id: paymentId, status: 'COMPLETED', refunded: { amount_minor: 0, currency: 'EUR' } },
  });
  expect(answer.text).not.toContain('tok_secret');
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('an order that was not charged has no payment', async () => {
  const { headers, path } = await ordered();
  expect((await shop.call('GET', path, { headers })).body).toMatchObject({ payment: null });
});

test("another's order is not found, an operator sees it with its own customer", async () => {
  const { userId, path } = await ordered();
  expect((await shop.call('GET', path, { headers: await shop.as('customer', randomUUID()) })).status).toBe(404);
  const operator = await shop.call('GET', path, { headers: await shop.as('operator', randomUUID()) });
  expect(operator.body).toMatchObject({ user: { id: userId } });
});

test.each([
  ['users', 'user'],
  ['products', 'products'],
  ['payments', 'payment'],
] as const)('while %s is down its part says so and the rest is there', async (service, part) => {
  const { userId, orderId, headers, path } = await ordered();
  await charge(orderId, userId);
  await shop.services[service].gate.close();
  try {
    const { answer, tookMs } = await timed(shop.call('GET', path, { headers }));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ order: { id: orderId }, [part]: { unavailable: true, reason: 'unavailable' } });
    for (const other of ['user', 'products', 'payment'].filter((name) => name !== part)) {
      expect(answer.body[other]).not.toMatchObject({ unavailable: true });
    }
    expect(tookMs).toBeLessThan(3_000);
  } finally {
    await shop.services[service].gate.open();
    await eventually(
      () => shop.call('GET', path, { headers }),
      ({ text }) => !text.includes('"unavailable":true'),
    );
  }
});

test('a part that hangs is given up in time', async () => {
  const { headers, path } = await ordered();
  shop.services.users.gate.slow(5_000);
  try {
    const { answer, tookMs } = await timed(shop.call('GET', path, { headers }));
    expect(answer.body).toMatchObject({ user: { unavailable: true, reason: 'deadline_exceeded' }, products: [{ name: 'Mug' }] });
    expect(tookMs).toBeLessThan(3_000);
  } finally {
    shop.services.users.gate.slow(0);
    await eventually(
      () => shop.call('GET', path, { headers }),
      ({ text }) => !text.includes('"unavailable":true'),
    );
  }
});

test('while orders is down there is nothing to compose', async () => {
  const { headers, path } = await ordered();
  await shop.services.orders.gate.close();
  try {
    const answer = await shop.call('GET', path, { headers });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  } finally {
    await shop.services.orders.gate.open();
    await eventually(
      () => shop.call('GET', path, { headers }),
      ({ status }) => status === 200,
    );
  }
});

test('a payment is shown to its user and to operators, and to nobody else', async () => {
  const { userId, orderId, headers } = await ordered();
  const id = await charge(orderId, userId);
  const own = await shop.call('GET', `/v1/payments/${id}`, { headers });
  expect(own.status).toBe(200);
  expect(own.body).toMatchObject({ id, order_id: orderId, amount: { amount_minor: 1000, currency: 'EUR' } });
  // Or customers could try out what passes.
  expect(own.body).not.toHaveProperty('fraud');
  const others = await shop.call('GET', `/v1/payments/${id}`, { headers: await shop.as('customer', randomUUID()) });
  const none = await shop.call('GET', `/v1/payments/${randomUUID()}`, { headers });
  expect([others.status, none.status]).toEqual([404, 404]);
  // Nothing tells whether it exists.
  expect(others.body.detail).not.toContain(id);
  expect(others.body.reason).toBe(none.body.reason);
  const operators = await shop.call('GET', `/v1/payments/${id}`, { headers: await shop.as('operator') });
  expect(operators.body.fraud).toMatchObject({ score: expect.any(Number), factors: expect.any(Array) });
});

test('a payment method is valid, or not and why, and is not repeated', async () => {
  const headers = await shop.as('customer');
  const ask = (payment_method: unknown) =>
    shop.call('POST', '/v1/payment-methods/validate', { body: { payment_method }, headers });
  expect((await ask('tok_ok')).body).toEqual({ valid: true });
  const unknown = await ask('tok_nobody_knows');
  expect(unknown.status).toBe(200);
  expect(unknown.body).toEqual({ valid: false, reason: 'payment_method_invalid' });
  const wrong = await ask('4111 1111 1111 1111');
  expect(wrong.status).toBe(422);
  expect(wrong.text).not.toContain('4111');
});
