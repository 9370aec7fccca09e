import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { interventionKey } from '../../contracts/ids.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  delivery,
  dispatch,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  reserved,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

const intervention = (orderId: string) => ({
  idempotencyKey: interventionKey(orderId, 'resolve:ProcessPayment'),
  orderId,
  actorId: randomUUID(),
  action: 'resolve',
  steps: ['ProcessPayment'],
  reason: 'Refunded at the desk',
  reference: 'refund 4711',
});

test('what an operator did to an order is read with it, with who, when and why, once however often it is told', async () => {
  const order = await reserved(orders.calls);
  const request = intervention(order.id);
  await orders.calls.recordIntervention(request, LIMITS);
  await orders.calls.recordIntervention(request, LIMITS);
  const { actorId, action, steps, reason, reference } = request;
  expect((await read(orders.calls, order.id)).interventions).toEqual([
    { actorId, action, steps, reason, reference, at: expect.any(Date) },
  ]);
});

test('an intervention in an order that does not exist, or without a reason, is refused', async () => {
  expect(await refusal(orders.calls.recordIntervention(intervention(randomUUID()), LIMITS))).toMatchObject({ code: 'NOT_FOUND' });
  const { id } = await reserved(orders.calls);
  const silent = { ...intervention(id), reason: ' ' };
  expect(await refusal(orders.calls.recordIntervention(silent, LIMITS))).toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('the database refuses to change or forget an intervention', async () => {
  const order = await reserved(orders.calls);
  await orders.calls.recordIntervention(intervention(order.id), LIMITS);
  for (const change of ['update order_interventions set reason = $1', 'delete from order_interventions where reason <> $1']) {
    await expect(orders.sql(change, ['none'])).rejects.toMatchObject({ code: '23001' });
  }
});

test('the history says who shipped, delivered and cancelled, and in which words', async () => {
  const [operator, customer] = [randomUUID(), randomUUID()];
  const sent = await paid(orders.calls);
  await orders.calls.shipOrder(dispatch(sent, { actorId: operator }), LIMITS);
  await orders.calls.deliverOrder(delivery(sent, { actorId: operator }), LIMITS);
  const gone = await paid(orders.calls);
  const why = { reason: 'order_cancelled', failedStep: '', actorId: customer, note: 'Found it cheaper' };
  await orders.calls.cancelOrder(cancellation(gone, why), LIMITS);

  const history = (await read(orders.calls, sent.id)).history.slice(-2);
  expect(history.map(({ status, actorId }) => [status, actorId])).toEqual([
    ['ORDER_STATUS_SHIPPED', operator],
    ['ORDER_STATUS_DELIVERED', operator],
  ]);
  expect((await read(orders.calls, gone.id)).history.at(-1)).toMatchObject({
    status: 'ORDER_STATUS_CANCELLED',
    reason: 'order_cancelled',
    actorId: customer,
    note: 'Found it cheaper',
  });
});

test('a cancellation that comes again for another reason is the same undo, and the first reason stays', async () => {
  const order = await reserved(orders.calls);
  await orders.calls.cancelOrder(cancellation(order, { reason: 'payment_declined' }), LIMITS);
  await orders.calls.cancelOrder(cancellation(order, { reason: 'unavailable', failedStep: 'ConfirmOrder' }), LIMITS);
  expect((await read(orders.calls, order.id)).failure).toMatchObject({ reason: 'payment_declined', step: 'ProcessPayment' });
});
