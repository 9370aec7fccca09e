import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import * as z from 'zod';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { OUTCOME_UPDATE_ID } from '../../contracts/order.ts';
import { startGateway } from '../../gateway/server.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { type Answer, type Ordering, textOf } from './support/shop.ts';

let platform: Platform;
const gateways: Running[] = [];

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await platform.stop();
});

/** All that a history says; what its payloads say is bytes. */
function wordsOf(part: unknown): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString();
  return typeof part === 'object' && part !== null ? Object.values(part).map(wordsOf).join(' ') : String(part);
}

/** A problem without what differs from request to request. */
function lasting({ body }: Answer) {
  return { ...body, trace_id: undefined };
}

test('a confirmed order is 201 with the order as it is kept and its Location', async () => {
  const answer = await platform.order();
  expect(answer.status).toBe(201);
  const path = `/v1/orders/${textOf(answer.body, 'id')}`;
  expect(answer.body).toMatchObject({
    user_id: platform.customer,
    status: 'PAID',
    saga_state: 'SagaCompleted',
    items: [{ quantity: 1, unit_price: { amount_minor: 1000, currency: 'EUR' } }],
    total: { amount_minor: 1000, currency: 'EUR' },
    history: [{ status: 'SUBMITTED' }, { status: 'CREATED' }, { status: 'RESERVED' }, { status: 'PAID' }],
    links: { self: path, status: `${path}/status` },
  });
  expect(answer.headers.get('location')).toBe(path);
  expect(answer.headers.get('idempotent-replayed')).toBeNull();
});

test('what a confirmed order is answered with is what it is read as, though its record is not read for it', async () => {
  const { orders } = platform.services;
  const before = await orders.answered('GetOrder');
  const answer = await platform.order();
  expect(answer.status).toBe(201);
  expect((await orders.answered('GetOrder')) - before).toBe(0);
  const read = await platform.call('GET', `/v1/orders/${textOf(answer.body, 'id')}`, { headers: await platform.as('customer') });
  // The names of products are read with an order, and not waited for when it is placed.
  const items = z.array(z.record(z.string(), z.unknown())).parse(answer.body.items);
  expect({ ...answer.body, items: items.map((item) => ({ ...item, name: 'Mug' })) }).toEqual(read.body);
});

test('the workflow of an order is found by its id, its status and its summary, and holds no personal data', async () => {
  const { temporal } = platform;
  const address = { line1: 'Secret street 1', city: 'Ghent', postal_code: '9000', country: 'BE' };
  const answer = await platform.order({ body: { shipping_address: address } });
  const id = textOf(answer.body, 'id');
  const handle = temporal.client.workflow.getHandle(orderWorkflowId(id));
  const description = await handle.describe();
  expect(description.type).toBe('order');
  expect(await description.staticSummary()).toBe(`Order ${id}`);
  const history = await handle.fetchHistory();
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(Object.keys(started?.searchAttributes?.indexedFields ?? {})).toContain('OrderStatus');
  expect(wordsOf(history)).not.toContain('Secret street');
  // The words of payloads are among them.
  expect(wordsOf(history)).toContain('confirmed');
  const input = Buffer.from(started?.input?.payloads?.[0]?.data ?? []).toString();
  expect(JSON.parse(input)).toMatchObject({ orderId: id, paymentMethod: 'tok_ok', stepLimitMs: 600_000 });
});

/** An order that is refused, and the facts of its refusal. */
const refused = {
  payment_declined: async () => ({ ordering: { body: { payment_method: 'tok_declined' } }, facts: {} }),
  async insufficient_stock() {
    const product_id = await platform.addProduct({ stock: 3 });
    return { ordering: { body: { items: [{ product_id, quantity: 4 }] } }, facts: { product_id, available_quantity: '3' } };
  },
  async product_unknown() {
    const product_id = randomUUID();
    return { ordering: { body: { items: [{ product_id, quantity: 1 }] } }, facts: { product_id } };
  },
  async user_inactive() {
    const userId = await platform.addCustomer();
    await platform.clients.users.calls.deactivateUser(
      { idempotencyKey: randomUUID(), userId, reason: 'asked for' },
      { deadlineMs: 5_000 },
    );
    return { ordering: { userId }, facts: {} };
  },
  async unavailable() {
    platform.worker.down.add('tok_test_gave_up');
    const impatient = await startGateway({ ...platform.config, SAGA_STEP_LIMIT_MS: 1_500 }, { taskQueue: platform.taskQueue });
    gateways.push(impatient);
    const base = `http://127.0.0.1:${impatient.listening.http}`;
    return { ordering: { base, body: { payment_method: 'tok_test_gave_up' } }, facts: {} };
  },
} as const;

test.each([
  ['payment_declined', 402, 'ProcessPayment'],
  ['insufficient_stock', 409, 'ReserveInventory'],
  ['product_unknown', 422, 'ReserveInventory'],
  ['user_inactive', 403, 'ValidateUser'],
  ['unavailable', 503, 'ProcessPayment'],
] as const)('I12 an order that is refused (%s) is a %i problem with its reason, step and facts', async (reason, status, step) => {
  const { ordering, facts } = await refused[reason]();
  const given: Ordering = { key: randomUUID(), ...ordering };
  const answer = await platform.order(given);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  const type = `/docs/problems.md#${reason}`;
  expect(answer.body).toMatchObject({ type, status, reason, step, facts, instance: '/v1/orders' });
  const id = textOf(answer.body, 'order_id');
  expect(answer.body.links).toEqual({ self: `/v1/orders/${id}`, status: `/v1/orders/${id}/status` });
  const read = await platform.call('GET', `/v1/orders/${id}`, { headers: await platform.as('customer', given.userId) });
  expect(read.body).toMatchObject({ id, status: 'CANCELLED', saga_state: 'SagaFailed', failure: { step, reason } });
  const again = await platform.order(given);
  expect(lasting(again)).toEqual(lasting(answer));
});

test('a wait that is longer than anyone may wait is shortened, and said so', async () => {
  const answer = await platform.order({ headers: { Prefer: 'wait=999' } });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('preference-applied')).toBe('wait=25');
});

test('I29 five callers with one key and body at the same time make one order and get one answer', async () => {
  const before = await platform.submissions();
  const key = randomUUID();
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => platform.order({ key })));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await platform.submissions()).toBe(before + 1);
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
});

test.each(['confirmed', 'payment_declined', 'insufficient_stock'] as const)(
  'I18 another gateway gives the same answer after the workflow is forgotten (%s)',
  async (outcome) => {
    const { ordering } = outcome === 'confirmed' ? { ordering: {} } : await refused[outcome]();
    const given: Ordering = { key: randomUUID(), ...ordering };
    const first = await platform.order(given);
    const id = textOf(first.body, outcome === 'confirmed' ? 'id' : 'order_id');
    await platform.temporal.client.workflow.getHandle(orderWorkflowId(id)).getUpdateHandle(OUTCOME_UPDATE_ID).result();
    expect(lasting(await platform.order(given))).toEqual(lasting(first));
    const submissions = await platform.submissions();
    // A namespace in which the order's workflow never was.
    const forgetful = await startGateway({ ...platform.config, TEMPORAL_NAMESPACE: 'temporal-system' });
    try {
      const last = await platform.order({ ...given, base: `http://127.0.0.1:${forgetful.listening.http}` });
      expect(last.status).toBe(first.status);
      expect(lasting(last)).toEqual(lasting(first));
      expect(last.headers.get('idempotent-replayed')).toBe('true');
      expect(await platform.submissions()).toBe(submissions);
      const elsewhere = new Client({ connection: platform.temporal.connection, namespace: 'temporal-system' });
      await expect(elsewhere.workflow.getHandle(orderWorkflowId(id)).describe()).rejects.toThrow(WorkflowNotFoundError);
    } finally {
      await forgetful.stop();
    }
  },
);

test('the same key with another body is 422 and starts nothing', async () => {
  const key = randomUUID();
  await platform.order({ key });
  const before = await platform.submissions();
  const other = await platform.order({ key, body: { payment_method: 'tok_declined' } });
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({ reason: 'idempotency_key_reused' });
  expect(await platform.submissions()).toBe(before);
});

test('I07 the same key of another user, or of another application, is another order', async () => {
  const key = randomUUID();
  const mine = await platform.order({ key });
  const theirs = await platform.order({ key, userId: await platform.addCustomer() });
  const anonymous = await platform.order({ key, headers: { 'X-API-Key': '' } });
  expect([mine.status, theirs.status, anonymous.status]).toEqual([201, 201, 201]);
  expect(new Set([mine, theirs, anonymous].map(({ body }) => body.id)).size).toBe(3);
});

test('an order that an operator terminated is answered from its record', async () => {
  const { worker, temporal } = platform;
  worker.down.add('tok_test_terminated');
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_terminated' }, headers: { Prefer: 'wait=20' } };
  const waiting = platform.order(given);
  const id = await platform.submitted('tok_test_terminated');
  const handle = temporal.client.workflow.getHandle(orderWorkflowId(id));
  await eventually(
    () =>
      handle.terminate('by an operator').then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  const answer = await waiting;
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ id, saga_state: expect.stringMatching(/SagaInitiated|OrderCreated/) });
  expect((await platform.order(given)).status).toBe(202);
});

test('orders are counted by outcome, requests by route', async () => {
  const { text } = await platform.call('GET', '/metrics');
  expect(text).toMatch(/orders_total\{outcome="confirmed",reason="",service="gateway"\} \d/);
  expect(text).toMatch(/orders_total\{outcome="cancelled",reason="payment_declined",service="gateway"\} \d/);
  expect(text).toMatch(/order_duration_seconds_count\{service="gateway"\} \d/);
  expect(text).toMatch(/http_requests_total\{route="\/v1\/orders\/:id",method="GET",code="200",service="gateway"\} \d/);
});
