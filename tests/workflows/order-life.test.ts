/** What becomes of a confirmed order: shipped, delivered, returned, closed; or cancelled before it is shipped. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancelUpdate, deliverUpdate, requestReturnUpdate, shipUpdate } from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { FORWARD_CALLS, UNDO_CALLS, undosAt } from '../../testkit/saga-activities.ts';
import { refusalOf } from './support/commands.ts';
import { refuse, undosOf } from './support/fake-activities.ts';
import { REFUND } from './support/fake-life.ts';
import { eventsOf } from './support/history.ts';
import { attributesOf, calledOnce, down } from './support/looks.ts';
import { createOrderLab, type OrderLab, type PlacedOrder } from './support/order-lab.ts';

const OPERATOR = randomUUID();
const CUSTOMER = randomUUID();
const DISPATCH = { actorId: OPERATOR, carrier: 'DHL', trackingNumber: '0034' };
const A_DAY_MS = 86_400_000;
const A_MOMENT_MS = 1_000;

let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

async function confirmed(scripts: Parameters<OrderLab['place']>[0] = {}, returnWindowMs = A_DAY_MS): Promise<PlacedOrder> {
  const order = lab.place(scripts, { returnWindowMs });
  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  return order;
}

const ship = ({ handle }: PlacedOrder) => handle.executeUpdate(shipUpdate, { args: [DISPATCH] });
const deliver = ({ handle }: PlacedOrder) => handle.executeUpdate(deliverUpdate, { args: [{ actorId: OPERATOR }] });
const cancel = ({ handle }: PlacedOrder) =>
  handle.executeUpdate(cancelUpdate, { args: [{ actorId: CUSTOMER, reason: 'Too late' }] });
const giveBack = ({ handle, input }: PlacedOrder, quantity: number, returnId: string = randomUUID()) =>
  handle.executeUpdate(requestReturnUpdate, {
    args: [{ actorId: CUSTOMER, returnId, lines: input.lines.map((line) => ({ ...line, quantity })), reason: 'Too small' }],
  });

const illegal = (current: string, attempted: string) => ({
  reason: 'illegal_transition',
  facts: { current_status: current, attempted_status: attempted },
});

// What was asked of the services once the saga had ended.
const afterSaga = (order: PlacedOrder) => order.calls.slice(FORWARD_CALLS.length);
const namesOf = (order: PlacedOrder) => afterSaga(order).map(({ activity }) => activity);

test('an order is shipped, delivered and closed when its return window is over', async () => {
  const order = await confirmed({}, A_MOMENT_MS);
  const { orderId } = order.input;

  await ship(order);
  await deliver(order);

  expect(await order.handle.result()).toEqual({ status: 'closed', paymentId: `payment-of-${orderId}` });
  expect(afterSaga(order).map(({ activity, key }) => [activity, key])).toEqual([
    ['commitReservation', `saga:${orderId}:commit`],
    ['shipOrder', `saga:${orderId}:ship`],
    ['deliverOrder', `saga:${orderId}:deliver`],
  ]);
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'DELIVERED' });
});

test('a paid order is cancelled: the money goes back, the stock is free, the order is cancelled', async () => {
  const order = await confirmed();

  await cancel(order);

  expect(namesOf(order)).toEqual(UNDO_CALLS);
  expect(await order.handle.result()).toEqual({
    status: 'cancelled',
    failure: { step: null, reason: 'order_cancelled', facts: {} },
  });
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'CANCELLED' });
});

test('a cancel during the saga ends it early and undoes what was done', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed }, { returnWindowMs: A_DAY_MS });
  await calledOnce(order, 'processPayment');

  await cancel(order);
  gate.open();

  expect(await order.outcome).toEqual({ status: 'cancelled', failure: { step: null, reason: 'order_cancelled', facts: {} } });
  expect(undosOf(order.calls)).toEqual(undosAt('ProcessPayment'));
});

test('units come back in parts: each return is refunded, restocked and recorded, and the last one ends the order', async () => {
  const order = await confirmed();
  const { orderId } = order.input;
  const [first, second] = [randomUUID(), randomUUID()];
  await ship(order);
  await deliver(order);

  expect(await giveBack(order, 1, first)).toMatchObject({ returnId: first, refund: REFUND });
  expect(await giveBack(order, 1, second)).toMatchObject({ returnId: second, refund: REFUND });

  const parts = (id: string) => [
    ['requestReturn', `saga:${orderId}:return:${id}:request`],
    ['refundReturn', `saga:${orderId}:return:${id}:refund`],
    ['restockReturn', `saga:${orderId}:return:${id}:restock`],
    ['completeReturn', `saga:${orderId}:return:${id}:complete`],
  ];
  expect(
    afterSaga(order)
      .slice(3)
      .map(({ activity, key }) => [activity, key]),
  ).toEqual([...parts(first), ...parts(second)]);
  expect(await order.handle.result()).toMatchObject({ status: 'returned' });
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'RETURNED' });
});

test('an order can be returned before its delivery is known', async () => {
  const order = await confirmed();
  await ship(order);

  await giveBack(order, 2);

  expect(await order.handle.result()).toMatchObject({ status: 'returned' });
});

test('a return that was asked for within the window is carried out, though the window is over meanwhile', async () => {
  const gate = lab.gate();
  const order = await confirmed({ refundReturn: () => gate.passed }, A_MOMENT_MS);
  await ship(order);
  await deliver(order);

  const back = giveBack(order, 2);
  await eventually(
    () => eventsOf(order.handle),
    (events) => events.some(({ type }) => type === 'TIMER_FIRED'),
  );
  gate.open();

  expect(await back).toMatchObject({ refund: REFUND });
  expect(await order.handle.result()).toMatchObject({ status: 'returned' });
});

test('repeating a command is answered as before and does nothing again', async () => {
  const order = await confirmed();
  const returnId = randomUUID();
  await ship(order);
  await ship(order);
  await deliver(order);
  await deliver(order);
  const once = await giveBack(order, 1, returnId);

  expect(await giveBack(order, 1, returnId)).toEqual(once);
  expect(namesOf(order)).toHaveLength(3 + 4);
});

test('another return under the id of a known one is refused, also while that one is on its way', async () => {
  const gate = lab.gate();
  const order = await confirmed({ refundReturn: () => gate.passed });
  const returnId = randomUUID();
  await ship(order);
  const first = giveBack(order, 1, returnId);
  await calledOnce(order, 'refundReturn');
  const refused = refusalOf(giveBack(order, 2, returnId));
  gate.open();
  await first;

  const reused = { reason: 'idempotency_key_reused', facts: { return_id: returnId } };
  expect(await refused).toEqual(reused);
  expect(await refusalOf(giveBack(order, 2, returnId))).toEqual(reused);
  expect(namesOf(order)).toHaveLength(2 + 4);
});

test('an illegal command is refused with the state and what was attempted, and nothing is called', async () => {
  const order = await confirmed();

  expect(await refusalOf(deliver(order))).toEqual(illegal('PAID', 'DELIVERED'));
  expect(await refusalOf(giveBack(order, 1))).toEqual(illegal('PAID', 'RETURNED'));
  await ship(order);
  expect(await refusalOf(cancel(order))).toEqual(illegal('SHIPPED', 'CANCELLED'));
  const another = order.handle.executeUpdate(shipUpdate, { args: [{ ...DISPATCH, trackingNumber: '0035' }] });
  expect(await refusalOf(another)).toEqual(illegal('SHIPPED', 'SHIPPED'));
  await deliver(order);
  expect(await refusalOf(cancel(order))).toEqual(illegal('DELIVERED', 'CANCELLED'));
  expect(namesOf(order)).toEqual(['commitReservation', 'shipOrder', 'deliverOrder']);
});

test('a command during the saga that only a paid order can take is refused', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed }, { returnWindowMs: A_DAY_MS });
  await calledOnce(order, 'processPayment');

  expect(await refusalOf(ship(order))).toEqual(illegal('SUBMITTED', 'SHIPPED'));
  gate.open();
  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
});

test('of two commands at once one wins and the other one is refused', async () => {
  const order = await confirmed();

  const [shipped, cancelled] = await Promise.allSettled([ship(order), cancel(order)]);

  expect([shipped.status, cancelled.status].sort()).toEqual(['fulfilled', 'rejected']);
  const names = namesOf(order);
  expect(names).toEqual(shipped.status === 'fulfilled' ? ['commitReservation', 'shipOrder'] : UNDO_CALLS);
});

test('a refused call refuses the command with its reason and facts, and the order stays as it was', async () => {
  const facts = { product_id: 'a product', returnable_quantity: '0' };
  const order = await confirmed({ requestReturn: (nth) => (nth === 1 ? refuse('return_exceeds_order', facts) : undefined) });
  await ship(order);

  expect(await refusalOf(giveBack(order, 1))).toEqual({ reason: 'return_exceeds_order', facts });
  expect(await giveBack(order, 1)).toMatchObject({ refund: REFUND });
});

test('a command whose calls fail is carried through, each call under its key, until they succeed', async () => {
  const order = await confirmed({
    shipOrder: (nth) => (nth <= 2 ? down() : undefined),
    restockReturn: (nth) => (nth <= 2 ? down() : undefined),
  });

  await ship(order);
  await giveBack(order, 2);

  const keys = order.calls.filter(({ activity }) => activity === 'restockReturn').map(({ key }) => key);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(order.calls.filter(({ activity }) => activity === 'commitReservation')).toHaveLength(1);
});

test('a cancel request of the Temporal CLI cancels an order before it is shipped', async () => {
  const order = await confirmed();

  await order.handle.cancel();

  expect(await order.handle.result()).toMatchObject({ status: 'cancelled', failure: { reason: 'order_cancelled' } });
  expect(namesOf(order)).toEqual(UNDO_CALLS);
});

test('a cancel request of the Temporal CLI changes nothing once an order is shipped', async () => {
  const order = await confirmed({}, A_MOMENT_MS);
  await ship(order);

  await order.handle.cancel();
  await deliver(order);

  expect(await order.handle.result()).toMatchObject({ status: 'closed' });
  expect(namesOf(order)).toEqual(['commitReservation', 'shipOrder', 'deliverOrder']);
});

test('an order that waits is found again by another worker, with its commands and its timer', async () => {
  const order = await confirmed({}, A_MOMENT_MS);
  await ship(order);
  await lab.stopWorker();
  await lab.startWorker();
  await deliver(order);
  await lab.stopWorker();
  await lab.startWorker();

  expect(await order.handle.result()).toMatchObject({ status: 'closed' });
});
