/** SG6: an order whose undos keep failing is parked in sight, tried again, and an operator can retry or resolve it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { PARKED_ORDERS, statusQuery } from '../../contracts/order.ts';
import { type CompensationCommand, resolveCompensationUpdate, retryCompensationUpdate } from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { UNDO_CALLS } from '../../testkit/saga-activities.ts';
import { refusalOf } from './support/commands.ts';
import { refuse, type Scripts, undosOf } from './support/fake-activities.ts';
import { attributesOf, calledOnce } from './support/looks.ts';
import { createOrderLab, type OrderLab, type PlacedOrder } from './support/order-lab.ts';

const OPERATOR = randomUUID();
const WHY: CompensationCommand = { actorId: OPERATOR, reason: 'Refunded at the desk' };

let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

/** An undo that cannot succeed until it is mended. */
function broken() {
  let mended = false;
  return {
    script() {
      if (!mended) throw ApplicationFailure.nonRetryable('cannot be undone');
      return undefined;
    },
    mend() {
      mended = true;
    },
  };
}

/** The provider names a time that is after the round's end, so the round is over without waiting for it. */
function busyBeyondTheRound(): never {
  throw ApplicationFailure.create({ message: 'busy', type: 'unavailable', nextRetryDelay: '1 hour' });
}

async function parked(scripts: Scripts): Promise<PlacedOrder> {
  const order = lab.place({ confirmReservation: () => refuse('hold_expired'), ...scripts });
  await calledOnce(order, 'cancelOrder');
  await eventually(
    () => order.handle.query(statusQuery),
    (view) => view.needsAttention,
  );
  return order;
}

/** The workflows that are counted and listed as parked. */
async function parkedIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of lab.temporal.client.workflow.list({ query: PARKED_ORDERS })) ids.push(workflowId);
  return ids;
}

const retry = ({ handle }: PlacedOrder, command = WHY) => handle.executeUpdate(retryCompensationUpdate, { args: [command] });
const resolve = ({ handle }: PlacedOrder, command = WHY) => handle.executeUpdate(resolveCompensationUpdate, { args: [command] });

const interventionsOf = (order: PlacedOrder) =>
  order.calls.filter(({ activity }) => activity === 'recordIntervention').map(({ input }) => input);

test('an undo that cannot succeed does not stop the others; the order is parked and found by its attributes', async () => {
  const order = await parked({ refundPayment: broken().script });

  expect(undosOf(order.calls)).toEqual(UNDO_CALLS);
  expect(await order.handle.query(statusQuery)).toEqual({
    sagaState: 'Compensating',
    step: null,
    failure: { step: 'ConfirmOrder', reason: 'hold_expired', facts: {} },
    needsAttention: true,
    openUndos: ['ProcessPayment'],
  });
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'COMPENSATING', FailedStep: 'ConfirmOrder', NeedsAttention: true });
  await eventually(parkedIds, (ids) => ids.includes(order.handle.workflowId));
  expect((await order.handle.describe()).status.name).toBe('RUNNING');
  await order.handle.terminate('the test has seen it');
});

test('an order that is terminated while it is parked waits for no operator any more', async () => {
  const order = await parked({ refundPayment: broken().script });
  await eventually(parkedIds, (ids) => ids.includes(order.handle.workflowId));

  await order.handle.terminate('the reconciler is to settle it');

  await eventually(parkedIds, (ids) => !ids.includes(order.handle.workflowId));
  expect(await attributesOf(order)).toMatchObject({ NeedsAttention: true });
});

test('an undo that only ever fails for the moment parks the order too, when its round is over', async () => {
  const order = await parked({ refundPayment: busyBeyondTheRound });

  const without = UNDO_CALLS.filter((undo) => undo !== 'refundPayment');
  expect(undosOf(order.calls).filter((undo) => undo !== 'refundPayment')).toEqual(without);
  await order.handle.terminate('the test has seen it');
});

test('a retry runs the open undos at once, under their keys, and the order ends with its first failure', async () => {
  const undo = broken();
  const order = await parked({ refundPayment: undo.script });
  const { orderId } = order.input;
  await retry(order);
  undo.mend();
  await retry(order, { ...WHY, step: 'ProcessPayment', reference: 'ticket 7' });

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { step: 'ConfirmOrder', reason: 'hold_expired' } });
  const keys = order.calls.filter(({ activity }) => activity === 'refundPayment').map(({ key }) => key);
  expect(new Set(keys)).toEqual(new Set([`saga:${orderId}:compensate:pay`]));
  const about = { orderId, actorId: OPERATOR, reason: WHY.reason, action: 'retry', steps: ['ProcessPayment'] };
  expect(interventionsOf(order)).toEqual([
    { ...about, key: `saga:${orderId}:retry:1` },
    { ...about, key: `saga:${orderId}:retry:2`, reference: 'ticket 7' },
  ]);
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'CANCELLED', FailedStep: 'ConfirmOrder', NeedsAttention: false });
});

test('a resolved undo is not tried again, and the order ends', async () => {
  const order = await parked({ refundPayment: broken().script });
  const { orderId } = order.input;
  const before = undosOf(order.calls).length;
  await resolve(order, { ...WHY, step: 'ProcessPayment', reference: 'refund 4711' });

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { reason: 'hold_expired' } });
  expect(undosOf(order.calls)).toHaveLength(before);
  expect(interventionsOf(order)).toEqual([
    {
      orderId,
      key: `saga:${orderId}:resolve:ProcessPayment`,
      actorId: OPERATOR,
      action: 'resolve',
      steps: ['ProcessPayment'],
      reason: WHY.reason,
      reference: 'refund 4711',
    },
  ]);
  expect(await attributesOf(order)).toMatchObject({ OrderStatus: 'CANCELLED', NeedsAttention: false });
});

test('one of two open undos is resolved, a second resolve of it is refused, and the other one stays open', async () => {
  const order = await parked({ refundPayment: broken().script, releaseInventory: broken().script });
  await resolve(order, { ...WHY, step: 'ProcessPayment' });

  expect(await refusalOf(resolve(order, { ...WHY, step: 'ProcessPayment' }))).toEqual({
    reason: 'illegal_transition',
    facts: { open_undos: 'ReserveInventory', step: 'ProcessPayment' },
  });
  expect(await order.handle.query(statusQuery)).toMatchObject({ needsAttention: true, openUndos: ['ReserveInventory'] });
  await resolve(order);
  expect(await order.outcome).toMatchObject({ status: 'cancelled' });
});

test('a retry during a round begins the next one immediately, also when another undo is resolved before the round ends', async () => {
  const gate = lab.gate();
  const order = await parked({
    releaseInventory: broken().script,
    async refundPayment(nth) {
      if (nth === 2) await gate.passed;
      if (nth < 3) throw ApplicationFailure.nonRetryable('cannot be undone');
      return undefined;
    },
  });
  await retry(order);
  await eventually(
    async () => order.calls.filter(({ activity }) => activity === 'refundPayment'),
    (refunds) => refunds.length === 2,
  );

  await retry(order, { ...WHY, step: 'ProcessPayment' });
  await resolve(order, { ...WHY, step: 'ReserveInventory' });
  gate.open();

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { reason: 'hold_expired' } });
});

test('an operator who gives no id or no reason is refused, and nothing changes', async () => {
  const order = await parked({ refundPayment: broken().script });

  for (const send of [retry, resolve]) {
    expect(await refusalOf(send(order, { ...WHY, reason: '  ' }))).toEqual({
      reason: 'validation_failed',
      facts: { field: 'reason' },
    });
    expect(await refusalOf(send(order, { ...WHY, actorId: '' }))).toEqual({
      reason: 'validation_failed',
      facts: { field: 'actorId' },
    });
  }
  expect(interventionsOf(order)).toEqual([]);
  expect(await order.handle.query(statusQuery)).toMatchObject({ needsAttention: true, openUndos: ['ProcessPayment'] });
  await order.handle.terminate('the test has seen it');
});

test('an order that is not parked refuses both commands, and a closed one cannot be asked', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed });
  await calledOnce(order, 'processPayment');

  for (const send of [retry, resolve]) expect(await refusalOf(send(order))).toMatchObject({ reason: 'illegal_transition' });
  gate.open();
  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  await order.handle.cancel();
  await order.handle.result();
  for (const send of [retry, resolve]) await expect(send(order)).rejects.toThrow('workflow execution already completed');
});

test('a parked order is taken up again by another worker, and goes on', async () => {
  const undo = broken();
  const order = await parked({ refundPayment: undo.script });
  await lab.stopWorker();
  await lab.startWorker();
  undo.mend();
  await retry(order);

  expect(await order.outcome).toMatchObject({ failure: { reason: 'hold_expired' } });
});
