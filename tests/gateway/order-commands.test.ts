/** What can be asked of an order after it was placed: by its customer, by operators, and by nobody else. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { statusQuery } from '../../contracts/order.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf } from './support/shop.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

async function confirmed(): Promise<string> {
  const { status, body } = await platform.order();
  expect(status).toBe(201);
  return textOf(body, 'id');
}

const post = async (path: string, body: object, role = 'customer', userId = platform.customer, headers = {}) =>
  platform.call('POST', path, { body, headers: { ...(await platform.as(role, userId)), ...headers } });

const OPERATOR = randomUUID();
const ask = (path: string, body: object) => post(path, body, 'operator', OPERATOR);
const DISPATCH = { carrier: 'DHL', tracking_number: '0034' };

async function shippedOrder(): Promise<string> {
  const id = await confirmed();
  expect((await ask(`/v1/orders/${id}/shipments`, DISPATCH)).status).toBe(200);
  return id;
}

test('an operator ships and delivers a paid order, and is named as who did it', async () => {
  const id = await confirmed();
  const shipped = await ask(`/v1/orders/${id}/shipments`, DISPATCH);
  expect(shipped).toMatchObject({ status: 200, body: { status: 'SHIPPED', shipment: DISPATCH } });
  const delivered = await ask(`/v1/orders/${id}/delivery`, {});
  expect(delivered).toMatchObject({ status: 200, body: { status: 'DELIVERED' } });
  expect((await ask(`/v1/orders/${id}/delivery`, {})).status).toBe(200);
});

test('a customer cancels an own order before it is shipped, also a second time, and not afterwards', async () => {
  const id = await confirmed();
  const cancelled = await post(`/v1/orders/${id}/cancel`, { reason: 'Found it cheaper' });
  expect(cancelled).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(id)).result();
  const again = await post(`/v1/orders/${id}/cancel`, { reason: 'Found it cheaper' });
  expect(again).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  const late = await shippedOrder();
  expect(await post(`/v1/orders/${late}/cancel`, { reason: 'Too late' })).toMatchObject({
    status: 409,
    body: {
      reason: 'illegal_transition',
      order_id: late,
      facts: { current_status: 'SHIPPED', attempted_status: 'CANCELLED' },
    },
  });
});

test('the same POST /orders is answered as before when its order was cancelled since', async () => {
  const key = randomUUID();
  const first = await platform.order({ key });
  await post(`/v1/orders/${textOf(first.body, 'id')}/cancel`, { reason: 'Changed my mind' });
  const again = await platform.order({ key });
  expect([again.status, again.body]).toEqual([201, first.body]);
});

test('a customer returns a shipped order; the same key is the same return, also when it was the end of the order', async () => {
  const id = await shippedOrder();
  const key = { 'Idempotency-Key': randomUUID() };
  const back = await post(`/v1/orders/${id}/returns`, { reason: 'Too small' }, 'customer', platform.customer, key);
  expect(back).toMatchObject({ status: 201, body: { refund: { currency: 'EUR' } } });
  const again = await post(`/v1/orders/${id}/returns`, { reason: 'Too small' }, 'customer', platform.customer, key);
  expect([again.status, again.body]).toEqual([201, back.body]);
  const other = await post(`/v1/orders/${id}/returns`, { reason: 'Too big' }, 'customer', platform.customer, key);
  expect([other.status, other.body]).toEqual([409, expect.objectContaining({ reason: 'illegal_transition' })]);
});

test("another customer's order is not found, whatever is asked of it", async () => {
  const id = await confirmed();
  const stranger = randomUUID();
  for (const [path, body] of [
    ['cancel', { reason: 'Mine' }],
    ['returns', { reason: 'Mine' }],
  ] as const) {
    expect((await post(`/v1/orders/${id}/${path}`, body, 'customer', stranger)).status).toBe(404);
  }
});

test("an operator's commands are forbidden to customers and refused without a token", async () => {
  const id = await confirmed();
  const why = { reason: 'Refunded at the desk' };
  for (const [path, body] of [
    ['shipments', DISPATCH],
    ['delivery', {}],
    ['compensation/retry', why],
    ['compensation/resolve', why],
  ] as const) {
    expect((await post(`/v1/orders/${id}/${path}`, body)).status).toBe(403);
    expect((await platform.call('POST', `/v1/orders/${id}/${path}`, { body })).status).toBe(401);
  }
});

test('what is not asked for in its shape is refused with the names of its fields, and nothing happens', async () => {
  const id = await confirmed();
  const wrong = [
    ['cancel', {}, '/reason'],
    ['cancel', { reason: '' }, '/reason'],
    ['cancel', { reason: 'x', refund: false }, '/refund'],
    ['shipments', { carrier: 'DHL' }, '/tracking_number'],
    ['delivery', { delivered_at: 'yesterday' }, '/delivered_at'],
    ['returns', { reason: 'x', lines: [] }, '/lines'],
    ['returns', { reason: 'x', lines: [{ product_id: randomUUID(), quantity: 0 }] }, '/lines/0/quantity'],
    ['compensation/retry', {}, '/reason'],
    ['compensation/resolve', { reason: ' ' }, '/reason'],
    ['compensation/resolve', { reason: 'x', step: 'Nothing' }, '/step'],
  ] as const;
  for (const [path, body, pointer] of wrong) {
    const { status, body: problem } = await ask(`/v1/orders/${id}/${path}`, body);
    expect([path, status, problem.errors]).toEqual([path, 422, [expect.objectContaining({ pointer })]]);
  }
  expect((await platform.call('GET', `/v1/orders/${id}`, { headers: await platform.as('customer') })).body.status).toBe('PAID');
});

test('an order that is not parked, and one that has ended, refuse operators with their state', async () => {
  const why = { reason: 'Refunded at the desk' };
  const open = await confirmed();
  const declined = textOf((await platform.order({ body: { payment_method: 'tok_declined' } })).body, 'order_id');
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(declined)).result();
  for (const path of ['compensation/retry', 'compensation/resolve', 'cancel']) {
    const answer = await ask(`/v1/orders/${declined}/${path}`, why);
    expect(answer).toMatchObject({ status: 409, body: { reason: 'illegal_transition', facts: { current_status: 'CANCELLED' } } });
  }
  expect(await ask(`/v1/orders/${open}/compensation/retry`, why)).toMatchObject({
    status: 409,
    body: { reason: 'illegal_transition' },
  });
});

test('a parked order needs attention in its status, and an operator brings it to its end', async () => {
  const method = 'tok_test_unrefundable';
  platform.worker.down.add(`hold of ${method}`);
  platform.worker.down.add(`refund of ${method}`);
  const given = { key: randomUUID(), body: { payment_method: method } };
  const asked = platform.order(given);
  const id = await platform.submitted(method);
  const handle = platform.temporal.client.workflow.getHandle(orderWorkflowId(id));
  await eventually(
    () => handle.query(statusQuery).catch(() => undefined),
    (view) => view?.needsAttention === true,
  );
  const headers = await platform.as('operator', OPERATOR);
  expect((await platform.call('GET', `/v1/orders/${id}/status`, { headers })).body).toMatchObject({
    needs_attention: true,
    open_undos: ['ProcessPayment'],
  });

  expect((await ask(`/v1/orders/${id}/compensation/retry`, { reason: 'Is it back?' })).status).toBe(200);
  const resolve = { step: 'ProcessPayment', reason: 'Refunded at the desk', reference: 'refund 4711' };
  expect((await ask(`/v1/orders/${id}/compensation/resolve`, resolve)).status).toBe(200);
  await asked;
  const refused = await eventually(
    () => platform.order(given),
    ({ status }) => status !== 202,
  );
  expect(refused).toMatchObject({ status: 409, body: { reason: 'hold_expired' } });
  platform.worker.down.clear();
});

test('Temporal that is away is 503, and the same command goes on later', async () => {
  const id = await confirmed();
  await platform.gate.close();
  expect((await post(`/v1/orders/${id}/cancel`, { reason: 'Too slow' })).status).toBe(503);
  await platform.recover();
  expect((await post(`/v1/orders/${id}/cancel`, { reason: 'Too slow' })).status).toBe(200);
});
