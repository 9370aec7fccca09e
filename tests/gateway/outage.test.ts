import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { startGateway } from '../../gateway/server.ts';
import { eventually } from '../support/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf } from './support/shop.ts';

// Milliseconds in which a customer is told that an order cannot be taken now.
const FAST_MS = 2_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await platform.stop();
});

async function timed<T>(work: Promise<T>): Promise<{ answer: T; tookMs: number }> {
  const startedMs = performance.now();
  const answer = await work;
  return { answer, tookMs: performance.now() - startedMs };
}

/** The order that SubmitOrder made under this payment method, once it is there. */
function submitted(paymentMethod: string): Promise<string> {
  const find = async () => [...platform.orders.orders.values()].find((order) => order.paymentMethod === paymentMethod)?.id ?? '';
  return eventually(find, (id) => id !== '');
}

async function workflowStatus(orderId: string): Promise<string> {
  const handle = platform.temporal.client.workflow.getHandle(orderWorkflowId(orderId));
  return handle.describe().then(
    ({ status }) => status.name,
    () => 'none',
  );
}

test('orders that is down is 503 with Retry-After at once, and the same key goes on when it is back', async () => {
  const key = randomUUID();
  await platform.orders.stop();
  const { answer, tookMs } = await timed(platform.order({ key }));
  await platform.orders.restart();
  await platform.recover();
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ reason: 'unavailable' });
  expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(tookMs).toBeLessThan(FAST_MS);
  const later = await platform.order({ key });
  expect(later.status).toBe(201);
});

test('orders that hangs is 503 in less than two seconds', async () => {
  platform.orders.seen.hangMs = 5_000;
  const { answer, tookMs } = await timed(platform.order());
  platform.orders.seen.hangMs = 0;
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(tookMs).toBeLessThan(FAST_MS);
});

test('Temporal that is down is 503 with Retry-After at once, and the same key goes on with the same order', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_ok_later' } };
  await platform.gate.close();
  const { answer, tookMs } = await timed(platform.order(given));
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ reason: 'unavailable' });
  expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(tookMs).toBeLessThan(FAST_MS);
  const id = await submitted('tok_ok_later');
  expect(await workflowStatus(id)).toBe('none');
  await platform.recover();
  const later = await platform.order(given);
  expect(later.status).toBe(201);
  expect(later.body.id).toBe(id);
});

test('Temporal that hangs is 503 in less than two seconds, however long the caller would wait', async () => {
  // Connected, so that nothing but silence tells.
  await platform.order();
  platform.gate.stick();
  const { answer, tookMs } = await timed(platform.order({ headers: { Prefer: 'wait=25' } }));
  await platform.recover();
  expect(answer.status).toBe(503);
  expect(tookMs).toBeLessThan(FAST_MS);
  expect(
    (
      await eventually(
        () => platform.order(),
        ({ status }) => status !== 503,
      )
    ).status,
  ).toBe(201);
});

test('Temporal that goes away during the wait is 503, and the order that it had taken is the answer later', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_cut' } };
  platform.worker.down.add('tok_test_cut');
  const waiting = timed(platform.order({ ...given, headers: { Prefer: 'wait=25' } }));
  const id = await submitted('tok_test_cut');
  await eventually(
    () => workflowStatus(id),
    (status) => status === 'RUNNING',
  );
  await platform.gate.close();
  const { answer, tookMs } = await waiting;
  expect(answer.status).toBe(503);
  expect(tookMs).toBeLessThan(FAST_MS);
  platform.worker.down.clear();
  await platform.recover();
  const later = await platform.order(given);
  expect(later.status).toBe(201);
  expect(later.body.id).toBe(id);
});

test('a step that is down is 202 with Location after the wait, its retries are told, and the same key is 201 when it is back', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_down' } };
  platform.worker.down.add('tok_test_down');
  const { answer, tookMs } = await timed(platform.order({ ...given, headers: { Prefer: 'wait=1' } }));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('wait=1');
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(tookMs).toBeGreaterThan(900);
  const path = `/v1/orders/${textOf(answer.body, 'id')}`;
  expect(answer.headers.get('location')).toBe(path);
  expect(answer.body).toMatchObject({ status: 'RESERVED', saga_state: 'OrderCreated' });

  const headers = await platform.as('customer');
  const status = await eventually(
    () => platform.call('GET', `${path}/status`, { headers }),
    ({ body }) => body.retrying !== undefined,
  );
  expect(status.body).toMatchObject({
    id: answer.body.id,
    status: 'RESERVED',
    saga_state: 'OrderCreated',
    step: 'ProcessPayment',
    retrying: { step: 'ProcessPayment', last_error: 'unavailable' },
    needs_attention: false,
  });
  expect(status.text).not.toContain('ECONN');

  platform.worker.down.clear();
  const later = await platform.order(given);
  expect(later.status).toBe(201);
  expect(later.body.id).toBe(answer.body.id);
});

test('a worker that is down is 202 after the wait, the record answers for the status, and the same key is 201 later', async () => {
  await platform.worker.stop();
  const key = randomUUID();
  const answer = await platform.order({ key, headers: { Prefer: 'wait=1' } });
  expect(answer.status).toBe(202);
  const path = `/v1/orders/${textOf(answer.body, 'id')}/status`;
  const headers = await platform.as('customer');
  const status = await timed(platform.call('GET', path, { headers }));
  expect(status.answer.status).toBe(200);
  expect(status.answer.body).toMatchObject({ status: 'SUBMITTED', saga_state: 'SagaInitiated', needs_attention: false });
  expect(status.tookMs).toBeLessThan(3_000);
  await platform.worker.start();
  expect((await platform.order({ key })).status).toBe(201);
});

test('the status of an order is answered from its record while Temporal is down', async () => {
  const { body } = await platform.order();
  await platform.gate.close();
  const path = `/v1/orders/${textOf(body, 'id')}/status`;
  const { answer, tookMs } = await timed(platform.call('GET', path, { headers: await platform.as('customer') }));
  await platform.recover();
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: 'PAID', saga_state: 'SagaCompleted' });
  expect(tookMs).toBeLessThan(3_000);
});

test('respond-async is 202 at once, with the order started', async () => {
  const { answer, tookMs } = await timed(platform.order({ headers: { Prefer: 'respond-async' } }));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('respond-async');
  expect(tookMs).toBeLessThan(1_000);
  const id = textOf(answer.body, 'id');
  await eventually(
    () => workflowStatus(id),
    (status) => status === 'COMPLETED',
  );
});

test('a caller who goes away changes nothing: the order goes on, and the same key finds it', async () => {
  platform.worker.down.add('tok_test_gone');
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_gone' } };
  const leaving = new AbortController();
  const left = platform.order({ ...given, signal: leaving.signal }).catch(() => 'left');
  const id = await submitted('tok_test_gone');
  await eventually(
    () => workflowStatus(id),
    (status) => status === 'RUNNING',
  );
  leaving.abort();
  expect(await left).toBe('left');
  platform.worker.down.clear();
  const found = await platform.order(given);
  expect(found.status).toBe(201);
  expect(found.body.id).toBe(id);
});

test('products that is down takes no order away, and an order is readable without the names of its products', async () => {
  await platform.products.stop();
  const answer = await platform.order();
  const read = await platform.call('GET', `/v1/orders/${textOf(answer.body, 'id')}`, { headers: await platform.as('customer') });
  const browse = await platform.call('GET', '/v1/products');
  await platform.products.restart();
  await platform.recover();
  expect(answer.status).toBe(201);
  expect(read.status).toBe(200);
  expect(read.body).toEqual(answer.body);
  expect(browse.status).toBe(503);
});

test('users that is down takes no order away from somebody who is signed in', async () => {
  await platform.order();
  await platform.users.stop();
  const answer = await platform.order();
  const login = await platform.call('POST', '/v1/auth/login', { body: { email: 'a@b.example', password: 'correct horse' } });
  await platform.users.restart();
  await platform.recover();
  expect(answer.status).toBe(201);
  expect(login.status).toBe(503);
});

test('readiness is lost with what orders need, and only degraded by the rest', async () => {
  const ready = () => platform.call('GET', '/health/ready');
  await eventually(ready, ({ status }) => status === 200);
  await platform.payments.stop();
  const degraded = await eventually(ready, ({ body }) => JSON.stringify(body.degraded) === '["payments"]');
  expect(degraded.status).toBe(200);
  await platform.payments.restart();
  await platform.recover();
  await platform.gate.close();
  const lost = await eventually(ready, ({ status }) => status === 503);
  expect(lost.body).toMatchObject({ status: 'not_ready', service: 'gateway' });
  expect(lost.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  await platform.recover();
});

test('a gateway that stops answers 202 to those who wait, and takes no new request', async () => {
  platform.worker.down.add('tok_test_stop');
  const stopping = await startGateway(platform.config);
  const base = `http://127.0.0.1:${stopping.listening.http}`;
  const waiting = timed(platform.order({ base, body: { payment_method: 'tok_test_stop' }, headers: { Prefer: 'wait=20' } }));
  const id = await submitted('tok_test_stop');
  await eventually(
    () => workflowStatus(id),
    (status) => status === 'RUNNING',
  );
  await stopping.stop();
  const { answer, tookMs } = await waiting;
  expect(answer.status).toBe(202);
  expect(answer.headers.get('connection')).toBe('close');
  expect(tookMs).toBeLessThan(5_000);
  await expect(platform.call('GET', '/health/live', { base })).rejects.toThrow();
  platform.worker.down.clear();
});
