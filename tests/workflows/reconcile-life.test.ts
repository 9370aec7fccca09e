/** The reconciler and the life of confirmed orders: returns that do not add up, and orders that nobody can command any more. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { orderWorkflowId, returnKey, stepKey } from '../../contracts/ids.ts';
import { statusQuery } from '../../contracts/order.ts';
import { deliverUpdate, shipUpdate } from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { runActivity } from '../../testkit/fakes/run-activity.ts';
import { openReconcileLab, type ReconcileLab } from './support/reconcile-lab.ts';

const LIMITS = { deadlineMs: 10_000 };
const A_DAY_MS = 86_400_000;
const OPERATOR = randomUUID();
const DISPATCH = { actorId: OPERATOR, carrier: 'DHL', trackingNumber: '0034' };

let reconciler: ReconcileLab;
beforeAll(async () => {
  reconciler = await openReconcileLab();
});
afterAll(async () => {
  process.stdout.write(reconciler.summary());
  await reconciler.close();
});

async function confirmed(returnWindowMs = A_DAY_MS) {
  const { shop, lab } = reconciler;
  const order = await shop.submit();
  expect(await lab.ask({ ...order, returnWindowMs })).toMatchObject({ status: 'confirmed' });
  return { ...order, handle: lab.temporal.client.workflow.getHandle(orderWorkflowId(order.orderId)) };
}

const ship = (handle: WorkflowHandle) => handle.executeUpdate(shipUpdate, { args: [DISPATCH] });
const deliver = (handle: WorkflowHandle) => handle.executeUpdate(deliverUpdate, { args: [{ actorId: OPERATOR }] });

/** Terminated, and seen to be so by whoever lists workflows. */
async function terminate(handle: WorkflowHandle): Promise<void> {
  await handle.terminate('an operator lost patience');
  const { workflow } = reconciler.lab.temporal.client;
  await eventually(
    () => workflow.count(`WorkflowId = '${handle.workflowId}' AND ExecutionStatus = 'Terminated'`),
    ({ count }) => count > 0,
  );
}

/** What `temporal workflow reset --type LastWorkflowTask` does. */
async function reset(handle: WorkflowHandle): Promise<void> {
  const { events } = await handle.fetchHistory();
  const last = events?.findLast(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
  const { connection, namespace } = reconciler.lab.temporal;
  await connection.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: handle.workflowId },
    reason: 'it was terminated by mistake',
    requestId: randomUUID(),
    workflowTaskFinishEventId: last?.eventId ?? null,
  });
  // What its last task did is done again, and commands are refused until it is.
  await eventually(
    () => handle.query(statusQuery),
    ({ sagaState }) => sagaState === 'SagaCompleted',
  );
}

test('a paid order whose workflow was terminated is settled as a cancel would: refunded, released, cancelled', async () => {
  const { shop, expectFound } = reconciler;
  const order = await confirmed();
  await terminate(order.handle);
  await expectFound(order.orderId, ['paid_without_workflow'], [{ rule: 'paid_without_workflow', action: 'settle the order' }]);
  const books = await shop.booksOf(order);
  expect(books).toMatchObject({
    statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'CANCELLED'],
    stock: { stock: 5, reserved: 0 },
    reservation: 'released',
    payment: { status: 'REFUNDED' },
    provider: { charges: [books.total], refunds: [books.total] },
  });
});

test('a paid order whose stock has left and whose workflow was terminated is for people; a reset lets it go on', async () => {
  const { shop, expectFound } = reconciler;
  const order = await confirmed();
  await runActivity(() => shop.activities.commitReservation({ orderId: order.orderId, key: stepKey(order.orderId, 'commit') }));
  await terminate(order.handle);
  const rules = ['paid_without_workflow', 'sold_without_stock', 'shipped_without_commit'];
  await expectFound(order.orderId, rules, []);
  await reset(order.handle);
  await ship(order.handle);
  expect(await shop.booksOf(order)).toMatchObject({ stock: { stock: 3, reserved: 0 }, payment: { status: 'COMPLETED' } });
});

test('an order that is being shipped when it is about to be settled keeps its money: nothing is given back of what has left', async () => {
  const { shop, repair } = reconciler;
  const order = await confirmed();
  const { orderId, handle } = order;
  await terminate(handle);
  // The last call of the terminated workflow arrives after the verdict.
  await runActivity(() => shop.activities.commitReservation({ orderId, key: stepKey(orderId, 'commit') }));
  await expect(repair({ orderId, rule: 'paid_without_workflow', action: 'settle the order' })).rejects.toThrow(
    'products.ReleaseInventory answered FAILED_PRECONDITION',
  );
  expect(await shop.booksOf(order)).toMatchObject({
    statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
    payment: { status: 'COMPLETED', refunded: 0 },
  });
  await reset(handle);
  await ship(handle);
});

test('an order whose workflow was brought back after the verdict is left alone', async () => {
  const { shop, repair } = reconciler;
  const order = await confirmed();
  const { orderId, handle } = order;
  await terminate(handle);
  await reset(handle);
  await expect(repair({ orderId, rule: 'paid_without_workflow', action: 'settle the order' })).rejects.toThrow('at work');
  expect(await shop.booksOf(order)).toMatchObject({
    stock: { stock: 5, reserved: 2 },
    reservation: 'confirmed',
    payment: { status: 'COMPLETED', refunded: 0 },
  });
  await ship(handle);
});

test('a shipped order whose workflow was terminated keeps goods and money and is for people; a reset lets it go on', async () => {
  const { shop, expectFound, violated } = reconciler;
  const order = await confirmed();
  await ship(order.handle);
  await terminate(order.handle);
  await expectFound(order.orderId, ['shipped_without_workflow'], []);
  expect(await shop.booksOf(order)).toMatchObject({ payment: { status: 'COMPLETED' } });
  await reset(order.handle);
  expect(await violated()).toEqual({});
  await deliver(order.handle);
  await terminate(order.handle);
  await expectFound(order.orderId, ['shipped_without_workflow'], []);
  await reset(order.handle);
});

test('a return that is complete, though no money went back and no goods came, is found by both rules', async () => {
  const { shop, expectFound } = reconciler;
  const order = await confirmed();
  await ship(order.handle);
  const { orderId } = order;
  const [returnId, { productId }] = [randomUUID(), order.lines[0] ?? { productId: '' }];
  const { orders } = shop.clients;
  const lines = [{ productId, quantity: 1 }];
  const about = { orderId, returnId };
  const key = (part: 'request' | 'complete' | 'refund' | 'restock') => returnKey(orderId, returnId, part);
  const asked = { ...about, idempotencyKey: key('request'), lines, reason: 'Too small', actorId: OPERATOR };
  const { refund } = await orders.calls.requestReturn(asked, LIMITS);
  await orders.calls.completeReturn({ ...about, idempotencyKey: key('complete') }, LIMITS);
  await expectFound(orderId, ['returned_goods_are_back', 'returns_agree'], []);
  // What people do about it.
  await runActivity(() =>
    shop.activities.refundReturn({ orderId, key: key('refund'), amount: refund ?? { amountMinor: 0, currency: 'EUR' } }),
  );
  await runActivity(() => shop.activities.restockReturn({ ...about, key: key('restock'), lines }));
});

test('money that went back for a shipped order without a return is found', async () => {
  const { shop, expectFound } = reconciler;
  const order = await confirmed();
  await ship(order.handle);
  const { orderId } = order;
  const returnId = randomUUID();
  const amount = { amountMinor: 1_190, currency: 'EUR' };
  await runActivity(() => shop.activities.refundReturn({ orderId, key: returnKey(orderId, returnId, 'refund'), amount }));
  await expectFound(orderId, ['returns_agree'], []);
  // The return that it was for.
  const lines = [{ productId: order.lines[0]?.productId ?? '', quantity: 1 }];
  const asked = { orderId, returnId, key: returnKey(orderId, returnId, 'request'), lines, reason: 'Too small' };
  const agreed = await runActivity(() => shop.activities.requestReturn({ ...asked, actorId: OPERATOR }));
  expect(agreed).toMatchObject({ ok: true, refund: amount });
  await runActivity(() =>
    shop.activities.restockReturn({ orderId, returnId, key: returnKey(orderId, returnId, 'restock'), lines }),
  );
  await runActivity(() => shop.activities.completeReturn({ orderId, returnId, key: returnKey(orderId, returnId, 'complete') }));
});

test('an order whose workflow came to its end is no fault: its return window is over', async () => {
  // One that still waits to be shipped, so that the rule has something to look at.
  await confirmed();
  const closed = await confirmed(1);
  await ship(closed.handle);
  await deliver(closed.handle);
  expect(await closed.handle.result()).toMatchObject({ status: 'closed' });
  const { findings } = await reconciler.reconcile(false);
  expect(findings.find(({ rule }) => rule === 'paid_without_workflow')?.checked).toBeGreaterThan(0);
});

test('after all of this there is no drift', async () => {
  await eventually(
    () => reconciler.violated(),
    (found) => Object.keys(found).length === 0,
  );
});
