/** Every change of an order is an event, and an event is told to whom it is for. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { claim, eventsOf, registered, settlement, tellAll, toldOf } from './events-fixture.ts';
import {
  cancellation,
  comeBack,
  confirmation,
  creation,
  delivery,
  dispatch,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterEach(async () => {
  for (const { id } of (await orders.events.listWebhooks({}, LIMITS)).webhooks) {
    await orders.events.removeWebhook({ webhookId: id }, LIMITS);
  }
  await tellAll(orders.events);
});
afterAll(() => orders.close());

test('an order that is paid is told as it happened: claimed one after the other, and settled', async () => {
  const webhookId = await registered(orders.events, { secret: 'x'.repeat(32) });
  const order = await paid(orders.calls);

  const [first, ...others] = (await claim(orders.events)).filter(({ delivery }) => delivery.webhookId === webhookId);
  expect(others).toEqual([]);
  expect(first).toMatchObject({
    url: 'https://shop.example.com/hooks',
    secret: 'x'.repeat(32),
    delivery: { event: { type: 'order.submitted', orderId: order.id, userId: order.userId, sequence: 1, facts: {} } },
  });
  expect((await claim(orders.events)).filter(({ delivery }) => delivery.webhookId === webhookId)).toEqual([]);
  if (first) expect(await orders.events.settleDelivery(settlement(first), LIMITS)).toEqual({ settled: true });

  const told = await tellAll(orders.events, webhookId);
  expect(told.map(({ type, sequence }) => [type, sequence])).toEqual([
    ['order.created', 2],
    ['order.reserved', 3],
    ['order.paid', 4],
  ]);
  expect(told.at(-1)).toMatchObject({ amount: order.totals?.total, facts: { payment_id: order.paymentId } });
  const settled = await toldOf(orders.events, { webhookId });
  expect(settled.map(({ state, attempts }) => [state, attempts])).toEqual(Array(4).fill(['DELIVERY_STATE_DELIVERED', 1]));
});

test('every step of a whole life is an event with what can be told of it, in the order in which it happened', async () => {
  const order = await paid(orders.calls);
  await orders.calls.shipOrder(dispatch(order), LIMITS);
  await orders.calls.deliverOrder(delivery(order), LIMITS);
  const part = await comeBack(orders.calls, order, [{ productId: order.lines[0]?.productId ?? '', quantity: 1 }]);
  const rest = await comeBack(orders.calls, order);
  const events = await eventsOf(orders, order.id);
  const { paymentId: payment_id, totals, history } = await read(orders.calls, order.id);
  const total = String(totals?.total?.amountMinor);
  const refund = ({ refund: amount }: typeof part) => String(amount?.amountMinor);

  expect(events.map(({ type, sequence, amount_minor, facts }) => [type, sequence, amount_minor, facts])).toEqual([
    ['order.submitted', 1, null, {}],
    ['order.created', 2, total, {}],
    ['order.reserved', 3, total, {}],
    ['order.paid', 4, total, { payment_id }],
    ['order.shipped', 5, total, { carrier: 'DHL', tracking_number: 'JD014600003RU' }],
    ['order.delivered', 6, total, {}],
    ['return.requested', 7, refund(part), { return_id: part.returnId }],
    ['return.completed', 8, refund(part), { return_id: part.returnId }],
    ['return.requested', 9, refund(rest), { return_id: rest.returnId }],
    ['return.completed', 10, refund(rest), { return_id: rest.returnId }],
    ['order.returned', 11, total, { payment_id }],
  ]);
  const times = events.filter(({ type }) => type.startsWith('order.')).map(({ at }) => at);
  expect(times).toEqual(history.map(({ at }) => at));
});

test('a cancelled order tells why, where, and of which payment, and nothing that somebody wrote', async () => {
  const order = await paid(orders.calls);
  const note = 'Ada Lovelace, 12 Great Street';
  await orders.calls.cancelOrder(cancellation(order, { note, actorId: randomUUID() }), LIMITS);
  const [cancelled] = (await eventsOf(orders, order.id)).slice(-1);
  expect(cancelled).toMatchObject({
    type: 'order.cancelled',
    facts: { reason: 'payment_declined', failed_step: 'ProcessPayment', payment_id: order.paymentId },
  });
  const rows = await orders.sql<{ row: string }>('select events::text as row from events where order_id = $1', [order.id]);
  expect(rows).not.toHaveLength(0);
  for (const { row } of rows) expect(row).not.toMatch(/Ada|Große Straße|tok_ok/);
});

test('a change that is taken back leaves no event, and one that is refused none', async () => {
  const order = await submitted(orders.calls);
  await orders.calls.confirmOrder(confirmation(order), LIMITS).catch(() => undefined);
  await orders.sql('begin');
  await orders.sql(`insert into order_history (order_id, status) values ($1, 'CREATED')`, [order.id]);
  expect(await eventsOf(orders, order.id)).toHaveLength(2);
  await orders.sql('rollback');
  expect((await eventsOf(orders, order.id)).map(({ type }) => type)).toEqual(['order.submitted']);
});

test('a repeated call is one event', async () => {
  const order = await submitted(orders.calls);
  for (let n = 0; n < 3; n += 1) await orders.calls.createOrder(creation(order), LIMITS);
  expect((await eventsOf(orders, order.id)).map(({ type }) => type)).toEqual([
    'order.submitted',
    'order.created',
    'order.reserved',
  ]);
});
