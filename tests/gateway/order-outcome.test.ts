import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { type Shop, startShop } from './support/shop.ts';
import { createTestWorker } from './support/worker.ts';

const taskQueue = `gateway-${randomUUID()}`;
let temporal: TestTemporal;
let shop: Shop;
let worker: Awaited<ReturnType<typeof createTestWorker>>;

beforeAll(async () => {
  temporal = await createTestTemporal();
  shop = await startShop({ temporalAddress: temporal.address, taskQueue });
  worker = await createTestWorker({ temporal, taskQueue, orders: shop.orders });
  await worker.start();
});

afterAll(async () => {
  await worker.stop();
  await worker.close();
  await shop.stop();
  await temporal.close();
});

test('a confirmed order is 201 with the order as it is kept and its Location', async () => {
  const answer = await shop.order();
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    user_id: shop.customer,
    status: 'PAID',
    saga_state: 'SagaCompleted',
    items: [{ quantity: 1, unit_price: { amount_minor: 1000, currency: 'EUR' } }],
    total: { amount_minor: 1000, currency: 'EUR' },
    history: [{ status: 'SUBMITTED' }, { status: 'CREATED' }, { status: 'RESERVED' }, { status: 'PAID' }],
    links: { self: `/v1/orders/${answer.body.id}`, status: `/v1/orders/${answer.body.id}/status` },
  });
  expect(answer.headers.get('location')).toBe(`/v1/orders/${answer.body.id}`);
  expect(answer.headers.get('idempotent-replayed')).toBeNull();
});

test.each([
  ['tok_declined', 402, 'payment_declined', 'ProcessPayment'],
  ['tok_test_no_stock', 409, 'insufficient_stock', 'ReserveInventory'],
  ['tok_test_unknown_product', 422, 'product_unknown', 'ReserveInventory'],
  ['tok_test_inactive_user', 403, 'user_inactive', 'ValidateUser'],
  ['tok_test_gave_up', 503, 'unavailable', 'ProcessPayment'],
])('an order that is refused (%s) is a %i problem with its reason and step', async (payment_method, status, reason, step) => {
  const answer = await shop.order({ body: { payment_method } });
  expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  expect(answer.body).toMatchObject({ status, reason, step, type: `/docs/problems.md#${reason}`, instance: '/v1/orders' });
  expect(answer.status).toBe(status);
  const id = String(answer.body.order_id);
  expect(answer.body.links).toEqual({ self: `/v1/orders/${id}`, status: `/v1/orders/${id}/status` });
  const read = await shop.call('GET', `/v1/orders/${id}`, { headers: await shop.as('customer') });
  expect(read.body).toMatchObject({ id, status: 'CANCELLED', saga_state: 'SagaFailed', failure: { step, reason } });
});
