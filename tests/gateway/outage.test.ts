import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf, timed } from './support/shop.ts';

// Milliseconds in which a customer is told that an order cannot be taken now.
const FAST_MS = 2_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await platform.stop();
});

test('orders that is down is 503 with Retry-After at once, and the same key goes on when it is back', async () => {
  const key = randomUUID();
  await platform.services.orders.gate.close();
  const { answer, tookMs } = await timed(platform.order({ key }));
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
  platform.services.orders.gate.slow(5_000);
  const { answer, tookMs } = await timed(platform.order());
  await platform.recover();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(tookMs).toBeLessThan(FAST_MS);
});

test('Temporal that is down is 503 with Retry-After at once, and the same key goes on with the same order', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_later' } };
  await platform.gate.close();
  const { answer, tookMs } = await timed(platform.order(given));
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ reason: 'unavailable' });
  expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(tookMs).toBeLessThan(FAST_MS);
  const id = await platform.submitted('tok_test_later');
  expect(await platform.workflowStatus(id)).toBe('none');
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
  const id = await platform.submitted('tok_test_cut');
  await eventually(
    () => platform.workflowStatus(id),
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

test('products that is down takes no order away, and an order is readable without the names of its products', async () => {
  await platform.services.products.gate.close();
  const answer = await platform.order();
  const read = await platform.call('GET', `/v1/orders/${textOf(answer.body, 'id')}`, { headers: await platform.as('customer') });
  const browse = await platform.call('GET', '/v1/products');
  await platform.recover();
  expect(answer.status).toBe(201);
  expect(read.status).toBe(200);
  expect(read.body).toEqual(answer.body);
  expect(browse.status).toBe(503);
});

test('users that is down takes no order away from somebody who is signed in', async () => {
  await platform.order();
  await platform.services.users.gate.close();
  const answer = await platform.order();
  const login = await platform.call('POST', '/v1/auth/login', { body: { email: 'a@b.example', password: 'correct horse' } });
  await platform.recover();
  expect(answer.status).toBe(201);
  expect(login.status).toBe(503);
});

test('readiness is lost with what orders need, and only degraded by the rest', async () => {
  const ready = () => platform.call('GET', '/health/ready');
  await eventually(ready, ({ status }) => status === 200);
  await platform.services.payments.gate.close();
  const degraded = await eventually(ready, ({ body }) => JSON.stringify(body.degraded) === '["payments"]');
  expect(degraded.status).toBe(200);
  await platform.recover();
  await platform.gate.close();
  const lost = await eventually(ready, ({ status }) => status === 503);
  expect(lost.body).toMatchObject({ status: 'not_ready', service: 'gateway' });
  expect(lost.text).not.toMatch(/127\.0\.0\.1|ECONN/);
  await platform.recover();
});
