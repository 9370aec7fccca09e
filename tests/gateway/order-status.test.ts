/** How an order goes, as its workflow tells it: in time, and of a workflow that is paused or was terminated too. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type WorkflowExecutionDescription, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import pino from 'pino';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { orderStateReader } from '../../gateway/order-events.ts';
import { createOrderReader } from '../../gateway/order-reader.ts';
import { createOrderWorkflows } from '../../gateway/order-workflow.ts';
import { openTemporal, type Temporal } from '../../gateway/temporal.ts';
import { createGrpcClient } from '../../platform/rpc/client.ts';
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
  platform.orders.seen.readHangMs = 0;
  await temporal.close();
});

function workflowsOf() {
  const { signal } = new AbortController();
  return createOrderWorkflows({ temporal, logger: pino({ level: 'silent' }), stopping: signal, taskQueue: platform.taskQueue });
}

/** An order that waits for its payment. */
async function paying() {
  const method = `tok_test_${randomUUID()}`;
  platform.worker.down.add(method);
  const { body } = await platform.order({ body: { payment_method: method }, headers: { Prefer: 'wait=0' } });
  return textOf(body, 'id');
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
  expect(await workflowsOf().progress(orderId)).toMatchObject({ saga: 'at work', view: { sagaState: expect.any(String) } });
  temporal.client.workflow.executeUpdateWithStart = async () => {
    throw new WorkflowUpdateRPCTimeoutOrCancelledError('The wait is over');
  };
  const input = {
    orderId,
    userId: platform.customer,
    lines: [],
    paymentMethod: 'tok_ok',
    stepLimitMs: 60_000,
    returnWindowMs: 60_000,
  };
  expect(await workflowsOf().awaitOutcome(input, 5_000)).toEqual({ state: 'running' });
});

test('of an order whose workflow was terminated the record is not all there is to tell, until it is settled', async () => {
  const orderId = await paying();
  const orders = createGrpcClient(OrdersServiceService, platform.orders.address);
  const reader = createOrderReader({ orders, workflows: workflowsOf() });
  const look = orderStateReader(reader);
  const told = async () => (await reader.status(await reader.order('ourselves', orderId))).told;
  const before = await eventually(
    () => look(orderId, undefined),
    ({ data }) => data.includes('"step":"ProcessPayment"'),
  );
  expect(await told()).toBe(true);
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by an operator');
  expect(await told()).toBe(false);
  // Whoever follows it is not told that it went back.
  expect(await look(orderId, before)).toBe(before);
  // Whoever asks now gets what the record says.
  expect(JSON.parse((await look(orderId, undefined)).data)).toMatchObject({ status: 'RESERVED', saga_state: 'OrderCreated' });
  const order = await reader.order('ourselves', orderId);
  platform.orders.seen.readHangMs = 1_000;
  await expect(reader.status(order)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  platform.orders.seen.readHangMs = 0;
  platform.orders.cancel(orderId, null, 'order_cancelled');
  expect(await told()).toBe(true);
  expect(await look(orderId, before)).toMatchObject({ last: true, data: expect.stringContaining('"SagaFailed"') });
  orders.close();
});

test('the status of an order is refused within three seconds when orders hangs', async () => {
  const orderId = await paying();
  platform.orders.seen.readHangMs = 3_500;
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
  const { answer, tookMs } = await timed(workflowsOf().progress(orderId));
  await platform.worker.start();
  expect(answer).toMatchObject({ saga: 'unknown', view: undefined });
  expect(tookMs).toBeGreaterThan(lateMs);
  expect(tookMs).toBeLessThan(2 * lateMs);
});

test('the status is there within three seconds while orders is slow and no worker answers', async () => {
  const orderId = await paying();
  await platform.worker.stop();
  platform.orders.seen.readHangMs = 1_000;
  const headers = await platform.as('customer');
  const { answer, tookMs } = await timed(platform.call('GET', `/v1/orders/${orderId}/status`, { headers }));
  await platform.worker.start();
  expect(answer).toMatchObject({ status: 200, body: { id: orderId } });
  expect(tookMs).toBeLessThan(ROUTE_LIMIT_MS);
});
