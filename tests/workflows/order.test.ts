/** One order at a time: its outcome, its keys, its history. What can be asked of it: order-asked. The saga's failures: saga-matrix. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SAGA_STEPS, STEP_NAMES } from '../../contracts/saga-steps.ts';
import { eventually } from '../../testkit/eventually.ts';
import { FORWARD_CALLS } from '../../testkit/saga-activities.ts';
import { CONFIRMED, refuse, undosOf } from './support/fake-activities.ts';
import { eventsOf, regularActivities } from './support/history.ts';
import { attributesOf, calledOnce, down } from './support/looks.ts';
import { createOrderLab, type OrderLab, type PlacedOrder } from './support/order-lab.ts';

let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

test('an order that every service accepts is confirmed, each call under a key of its own', async () => {
  const order = lab.place();
  const { orderId } = order.input;

  expect(await order.outcome).toEqual({ status: 'confirmed', paymentId: `payment-of-${orderId}`, order: CONFIRMED });
  const keys = STEP_NAMES.flatMap((step) => [...SAGA_STEPS[step].keys]);
  expect(order.calls.map(({ activity }) => activity)).toEqual(FORWARD_CALLS);
  expect(order.calls.map(({ key }) => key)).toEqual([undefined, ...keys.map((key) => `saga:${orderId}:${key}`)]);
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'PAID' });
});

test('on a good day only the payment goes through the server', async () => {
  const order = lab.place();
  await order.outcome;

  const events = await eventsOf(order.handle);
  expect(regularActivities(events)).toEqual(['processPayment']);
  // Start, two workflow tasks, the payment, one upsert, the update; and one event for each local step.
  const { MARKER_RECORDED: local = [], ...other } = Object.groupBy(events, ({ type }) => type);
  expect(local).toHaveLength(STEP_NAMES.length - 1);
  expect(Object.values(other).flat().length).toBeLessThanOrEqual(14);
});

test('a declined card releases the stock, then cancels the order, and tells why', async () => {
  const order = lab.place({ processPayment: () => refuse('payment_declined') });
  const { orderId } = order.input;

  const failure = { step: 'ProcessPayment', reason: 'payment_declined', facts: {} };
  expect(await order.outcome).toEqual({ status: 'cancelled', failure });
  const undos = order.calls.slice(-2);
  expect(undos.map((call) => call.input)).toEqual([
    { orderId, key: `saga:${orderId}:compensate:reserve`, undoesKey: `saga:${orderId}:reserve` },
    {
      orderId,
      key: `saga:${orderId}:compensate:submit`,
      undoesKey: `saga:${orderId}:create`,
      reason: 'payment_declined',
      failedStep: 'ProcessPayment',
      facts: {},
    },
  ]);
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'CANCELLED', FailedStep: 'ProcessPayment' });
});

test('without stock the customer learns the facts, and nothing is released or refunded', async () => {
  const facts = { product_id: 'the product', available_quantity: '1' };
  const order = lab.place({ reserveInventory: () => refuse('insufficient_stock', facts) });

  const failure = { step: 'ReserveInventory', reason: 'insufficient_stock', facts };
  expect(await order.outcome).toEqual({ status: 'cancelled', failure });
  expect(undosOf(order.calls)).toEqual(['cancelOrder']);
});

test('an order of an unknown user is cancelled, and nothing stays reserved', async () => {
  const order = lab.place({ validateUser: () => refuse('user_unknown') });

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { step: 'ValidateUser', reason: 'user_unknown' } });
  expect(order.calls.map((call) => call.activity)).toEqual(['validateUser', 'releaseInventory', 'cancelOrder']);
});

test('E7 a hold that is gone when the order is confirmed gives the money back', async () => {
  const order = lab.place({ confirmReservation: () => refuse('hold_expired') });

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { step: 'ConfirmOrder', reason: 'hold_expired' } });
  const { orderId } = order.input;
  expect(order.calls.find((call) => call.activity === 'refundPayment')?.input).toEqual({
    orderId,
    key: `saga:${orderId}:compensate:pay`,
    undoesKey: `saga:${orderId}:pay`,
    reason: 'hold_expired',
  });
});

test('a step whose local attempt fails goes on as a regular activity, visibly, until it succeeds', async () => {
  const order = lab.place({ createOrder: (nth) => (nth <= 2 ? down() : undefined) });

  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  const attempts = order.calls.filter((call) => call.activity === 'createOrder');
  expect(attempts.map((call) => call.local)).toEqual([true, false, false]);
  expect(new Set(attempts.map((call) => call.key)).size).toBe(1);
  const events = await eventsOf(order.handle);
  expect(regularActivities(events)).toEqual(['createOrder', 'processPayment']);
  const scheduled = events.findIndex((event) => event.activity === 'createOrder');
  expect(events[scheduled + 1]).toEqual({ type: 'ACTIVITY_TASK_STARTED', attempt: 2 });
});

test('a confirmation whose local attempt fails goes on as a regular activity, both calls again under their keys', async () => {
  const order = lab.place({ confirmOrder: (nth) => (nth === 1 ? down() : undefined) });

  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  const { orderId } = order.input;
  const calls = order.calls.filter(({ activity }) => activity.startsWith('confirm'));
  expect(calls.map(({ activity, key, local }) => [activity, key, local])).toEqual(
    [true, false].flatMap((local) => [
      ['confirmReservation', `saga:${orderId}:confirm-stock`, local],
      ['confirmOrder', `saga:${orderId}:confirm-order`, local],
    ]),
  );
  expect(regularActivities(await eventsOf(order.handle))).toEqual(['processPayment', 'confirm']);
});

test('a payment that timed out after charging is asked again under the same key and charged once', async () => {
  const charged = new Set<string>();
  const order: PlacedOrder = lab.place({
    processPayment(nth) {
      charged.add(order.calls.at(-1)?.key ?? '');
      return nth === 1 ? down() : undefined;
    },
  });

  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  expect(order.calls.filter((call) => call.activity === 'processPayment')).toHaveLength(2);
  expect(charged.size).toBe(1);
});

test('a step that hangs is given up at its limit and undone, because it may have happened', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed }, { stepLimitMs: 1_000 });

  const failure = { step: 'ProcessPayment', reason: 'unavailable', facts: {} };
  expect(await order.outcome).toEqual({ status: 'cancelled', failure });
  expect(undosOf(order.calls)).toEqual(['refundPayment', 'releaseInventory', 'cancelOrder']);
  gate.open();
});

test('a cancel request undoes what was done and ends the order as cancelled by request', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed });
  await calledOnce(order, 'processPayment');

  await order.handle.cancel();

  const failure = { step: null, reason: 'order_cancelled', facts: {} };
  expect(await order.outcome).toEqual({ status: 'cancelled', failure });
  expect(undosOf(order.calls)).toEqual(['refundPayment', 'releaseInventory', 'cancelOrder']);
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'CANCELLED' });
  gate.open();
});

test('a cancel request reaches a step in its local attempt, which is not made again', async () => {
  const gate = lab.gate();
  const order = lab.place({ reserveInventory: () => gate.passed }, {}, { workflowTaskTimeout: '1 second' });
  await calledOnce(order, 'reserveInventory');

  await order.handle.cancel();

  expect(await order.outcome).toMatchObject({ failure: { step: null, reason: 'order_cancelled' } });
  gate.open();
  expect(order.calls.map((call) => [call.activity, call.local])).toEqual([
    ['validateUser', true],
    ['reserveInventory', true],
    ['releaseInventory', true],
    ['cancelOrder', true],
  ]);
});

test('a cancel request while undoing changes neither the undos nor the first reason', async () => {
  const gate = lab.gate();
  const order = lab.place({
    processPayment: () => refuse('payment_declined'),
    releaseInventory: (nth) => (nth === 1 ? down() : gate.passed),
  });
  await eventually(
    async () => undosOf(order.calls).length,
    (undos) => undos === 2,
  );

  await order.handle.cancel();
  gate.open();

  expect(await order.outcome).toMatchObject({ failure: { step: 'ProcessPayment', reason: 'payment_declined' } });
  expect(undosOf(order.calls)).toEqual(['releaseInventory', 'releaseInventory', 'cancelOrder']);
});

test('an undo is tried again under its key until it succeeds, and only then the next one runs', async () => {
  const order = lab.place({
    processPayment: () => refuse('payment_declined'),
    releaseInventory: (nth) => (nth <= 3 ? down() : undefined),
  });

  expect(await order.outcome).toMatchObject({ failure: { reason: 'payment_declined' } });
  expect(undosOf(order.calls)).toEqual([...Array(4).fill('releaseInventory'), 'cancelOrder']);
  const keys = order.calls.filter((call) => call.activity === 'releaseInventory').map((call) => call.key);
  expect(new Set(keys)).toEqual(new Set([`saga:${order.input.orderId}:compensate:reserve`]));
});
