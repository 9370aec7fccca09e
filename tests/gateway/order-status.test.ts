/** How an order goes, as its workflow tells it: in time, and of a workflow that is paused or was terminated too. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type WorkflowExecutionDescription, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import pino from 'pino';
import { orderWorkflowId, stepKey, undoKey } from '../../contracts/ids.ts';
import { createStateReader } from '../../gateway/orders/feed.ts';
import { createOrderReader } from '../../gateway/orders/read.ts';
import { openTemporal, type Temporal } from '../../gateway/orders/workflow/connection.ts';
import { createOutcome } from '../../gateway/orders/workflow/outcome.ts';
import { createProgress } from '../../gateway/orders/workflow/progress.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf, timed } from './support/shop.ts';

// Milliseconds that the status of an order takes at most.
const ROUTE_LIMIT_MS = 3_000;

let platform: Platform;
let temporal: Temporal;

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await platform.stop();
});

beforeEach(async () => {
  temporal = await openTemporal(platform.config);
});

afterEach(async () => {
  await platform.recover();
  await temporal.close();
});

function workflowOf() {
  const { signal } = new AbortController();
  const given = { temporal, logger: pino({ level: 'silent' }), stopping: signal, taskQueue: platform.taskQueue };
  return { ...createOutcome(given), ...createProgress(temporal) };
}

/** An order that waits for its payment. */
async function paying() {
  const method = `tok_test_${randomUUID()}`;
  platform.worker.down.add(method);
  const { body } = await platform.order({ body: { payment_method: method }, headers: { Prefer: 'wait=0' } });
  return textOf(body, 'id');
}

/** As the reconciler settles an order whose workflow is gone. */
function cancellation(orderId: string) {
  const keys = { idempotencyKey: undoKey(orderId, 'create'), undoesKey: stepKey(orderId, 'create') };
  return { ...keys, orderId, reason: 'order_cancelled', failedStep: '', facts: {}, actorId: '', note: '' };
}

/** From here on every description is what `change` makes of it. */
function described(change: (description: WorkflowExecutionDescription) => Promise<WorkflowExecutionDescription>): void {
  const { workflow } = temporal.client;
  const getHandle = workflow.getHandle.bind(workflow);
  workflow.getHandle = (...of: Parameters<typeof getHandle>) => {
    const handle = getHandle(...of);
    const describe = handle.describe.bind(handle);
    return Object.assign(handle, { describe: async () => change(await describe()) });
  };
}

// Server 1.29 has no pause (UNIMPLEMENTED); the SDK knows the status of servers that have.
const paused = async (description: WorkflowExecutionDescription) => ({
  ...description,
  status: { ...description.status, name: 'PAUSED' as const },
});

test('an order whose workflow is paused is not over: it is asked how it goes, and who waited is told that it goes on', async () => {
  const orderId = await paying();
  described(paused);
  expect(await workflowOf().progress(orderId)).toMatchObject({ saga: 'running', view: { sagaState: expect.any(String) } });
  temporal.client.workflow.executeUpdateWithStart = async () => {
    throw new WorkflowUpdateRPCTimeoutOrCancelledError('The wait is over');
  };
  const input = {
    orderId,
    userId: platform.customer,
    lines: [],
    paymentMethod: 'tok_ok',
    submittedAt: '2026-01-01T00:00:00.000Z',
    stepLimitMs: 60_000,
    returnWindowMs: 60_000,
  };
  expect(await workflowOf().awaitOutcome(input, 5_000)).toEqual({ state: 'running' });
});

test('of an order whose workflow was terminated the record is not all there is to tell, until it is settled', async () => {
  const orderId = await paying();
  const orders = createClient(OrdersServiceService, { target: platform.services.orders.address });
  const reader = createOrderReader({ orders, workflow: workflowOf() });
  const readState = createStateReader(reader);
  const complete = async () => (await reader.status(await reader.order('gateway', orderId))).complete;
  const before = await eventually(
    () => readState(orderId, undefined),
    ({ data }) => data.includes('"step":"ProcessPayment"'),
  );
  expect(await complete()).toBe(true);
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by an operator');
  expect(await complete()).toBe(false);
  // Its followers do not see it go back.
  expect(await readState(orderId, before)).toBe(before);
  // A new follower sees its record.
  expect(JSON.parse((await readState(orderId, undefined)).data)).toMatchObject({
    status: 'RESERVED',
    saga_state: 'OrderCreated',
  });
  const order = await reader.order('gateway', orderId);
  platform.services.orders.gate.slow(1_000);
  await expect(reader.status(order)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  platform.services.orders.gate.slow(0);
  await orders.ready(10_000);
  await platform.clients.orders.calls.cancelOrder(cancellation(orderId), { deadlineMs: 5_000 });
  expect(await complete()).toBe(true);
  expect(await readState(orderId, before)).toMatchObject({ last: true, data: expect.stringContaining('"SagaFailed"') });
  orders.close();
});

test('the status of an order is refused within three seconds when orders hangs', async () => {
  const orderId = await paying();
  platform.services.orders.gate.slow(3_500);
  const headers = await platform.as('customer');
  const { answer, tookMs } = await timed(platform.call('GET', `/v1/orders/${orderId}/status`, { headers }));
  expect(answer).toMatchObject({ status: 504, body: { reason: 'deadline_exceeded' } });
  expect(tookMs).toBeLessThan(ROUTE_LIMIT_MS);
});

test('a description that is late and a query that nobody answers share one limit', async () => {
  const orderId = await paying();
  await platform.worker.stop();
  // Milliseconds, less than the limit.
  const lateMs = 900;
  described(async (description) => {
    await new Promise((resolve) => setTimeout(resolve, lateMs));
    return description;
  });
  const { answer, tookMs } = await timed(workflowOf().progress(orderId));
  await platform.worker.start();
  expect(answer).toMatchObject({ saga: 'unknown', view: undefined });
  expect(tookMs).toBeGreaterThan(lateMs);
  expect(tookMs).toBeLessThan(2 * lateMs);
});

test('the status is there within three seconds while orders is slow and no worker answers', async () => {
  const orderId = await paying();
  await platform.worker.stop();
  platform.services.orders.gate.slow(700);
  const headers = await platform.as('customer');
  const { answer, tookMs } = await timed(platform.call('GET', `/v1/orders/${orderId}/status`, { headers }));
  await platform.worker.start();
  expect(answer).toMatchObject({ status: 200, body: { id: orderId } });
  expect(tookMs).toBeLessThan(ROUTE_LIMIT_MS);
});
