/** Each change of an order is one event in the outbox, in the order in which it happened. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ORDER_EVENTS } from '../../services/orders/domain/order-events.ts';
import { refusal } from '../../testkit/refusal.ts';
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
  returning,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

type Row = { type: string; version: number; at: Date; amount_minor: string | null; currency: string | null; facts: object };

/** The events of an order as the database has them. */
function eventsOf(orderId: string): Promise<Row[]> {
  return orders.sql<Row>(
    'select type, version, at, amount_minor, currency, facts from outbox where order_id = $1 order by position',
    [orderId],
  );
}

const typesOf = async (orderId: string) => (await eventsOf(orderId)).map(({ type }) => type);

async function unrelayed() {
  const { events } = await orders.outbox.listUnrelayed({ limit: 500 }, LIMITS);
  return events;
}

test('each step of a complete life is an event with its facts, in the order in which it happened', async () => {
  const order = await paid(orders.calls);
  await orders.calls.shipOrder(dispatch(order), LIMITS);
  await orders.calls.deliverOrder(delivery(order), LIMITS);
  const part = await comeBack(orders.calls, order, [{ productId: order.lines[0]?.productId ?? '', quantity: 1 }]);
  const rest = await comeBack(orders.calls, order);
  const events = await eventsOf(order.id);
  const { paymentId: payment_id, totals, history, returns } = await read(orders.calls, order.id);
  const total = String(totals?.total?.amountMinor);
  const refund = ({ refund: amount }: typeof part) => String(amount?.amountMinor);

  expect(events.map(({ type, amount_minor, facts }) => [type, amount_minor, facts])).toEqual([
    ['order.submitted', null, {}],
    ['order.created', total, {}],
    ['order.reserved', total, {}],
    ['order.paid', total, { payment_id }],
    ['order.shipped', total, { carrier: 'DHL', tracking_number: 'JD014600003RU' }],
    ['order.delivered', total, {}],
    ['return.requested', refund(part), { return_id: part.returnId }],
    ['return.completed', refund(part), { return_id: part.returnId }],
    ['return.requested', refund(rest), { return_id: rest.returnId }],
    ['return.completed', refund(rest), { return_id: rest.returnId }],
    ['order.returned', total, { payment_id }],
  ]);
  for (const { version, amount_minor, currency } of events) {
    expect({ version, currency }).toEqual({ version: 1, currency: amount_minor === null ? null : 'EUR' });
  }
  const times = (prefix: string) => events.filter(({ type }) => type.startsWith(prefix)).map(({ at }) => at);
  expect(times('order.')).toEqual(history.map(({ at }) => at));
  expect(times('return.')).toEqual(returns.flatMap(({ requestedAt, completedAt }) => [requestedAt, completedAt]));
});

test('a cancelled order emits the reason, the step and the payment, and no word that a person wrote', async () => {
  const order = await paid(orders.calls);
  const note = 'Ada Lovelace, 12 Great Street';
  await orders.calls.cancelOrder(cancellation(order, { note, actorId: randomUUID() }), LIMITS);
  const withdrawn = await submitted(orders.calls);
  await orders.calls.cancelOrder(cancellation(withdrawn, { reason: 'order_cancelled', failedStep: '' }), LIMITS);
  expect((await eventsOf(order.id)).at(-1)).toMatchObject({
    type: 'order.cancelled',
    amount_minor: String(order.totals?.total?.amountMinor),
    facts: { reason: 'payment_declined', failed_step: 'ProcessPayment', payment_id: order.paymentId },
  });
  expect((await eventsOf(withdrawn.id)).at(-1)).toMatchObject({
    type: 'order.cancelled',
    amount_minor: null,
    facts: { reason: 'order_cancelled' },
  });
  const rows = await orders.sql<{ row: string }>('select outbox::text as row from outbox where order_id = $1', [order.id]);
  expect(rows).not.toHaveLength(0);
  for (const { row } of rows) expect(row).not.toMatch(/Ada|Große Straße|tok_ok/);
});

test('a repeated call is one event, and a refused or unfinished one is none', async () => {
  const order = await submitted(orders.calls);
  await refusal(orders.calls.confirmOrder(confirmation(order), LIMITS));
  expect(await typesOf(order.id)).toEqual(['order.submitted']);
  for (let n = 0; n < 3; n += 1) await orders.calls.createOrder(creation(order), LIMITS);
  expect(await typesOf(order.id)).toEqual(['order.submitted', 'order.created', 'order.reserved']);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  await orders.calls.cancelOrder(cancellation(order, { idempotencyKey: randomUUID() }), LIMITS);
  expect((await typesOf(order.id)).slice(3)).toEqual(['order.cancelled']);
});

test('a change whose event cannot be stored does not happen', async () => {
  const order = await submitted(orders.calls);
  await orders.sql(`alter table outbox add constraint none_more check (type <> 'order.reserved') not valid`);
  try {
    expect(await refusal(orders.calls.createOrder(creation(order), LIMITS))).toMatchObject({ code: 'INTERNAL' });
    expect(await read(orders.calls, order.id)).toEqual(order);
    expect(await typesOf(order.id)).toEqual(['order.submitted']);
  } finally {
    await orders.sql('alter table outbox drop constraint none_more');
  }
  await orders.calls.createOrder(creation(order), LIMITS);
  expect(await typesOf(order.id)).toEqual(['order.submitted', 'order.created', 'order.reserved']);
});

test('the relay reads events oldest first until it has marked them', async () => {
  const order = await paid(orders.calls);
  const mine = (await unrelayed()).filter(({ orderId }) => orderId === order.id);
  expect(mine.map(({ type, version, userId, sequence }) => ({ type, version, userId, sequence }))).toEqual(
    ['order.submitted', 'order.created', 'order.reserved', 'order.paid'].map((type) => ({
      type,
      version: 1,
      userId: order.userId,
      sequence: 0,
    })),
  );
  expect(mine.at(-1)).toMatchObject({ amount: order.totals?.total, facts: { payment_id: order.paymentId } });
  const eventIds = mine.slice(0, 2).map(({ id }) => id);
  for (let n = 0; n < 2; n += 1) await orders.outbox.markRelayed({ eventIds }, LIMITS);
  const left = (await unrelayed()).filter(({ orderId }) => orderId === order.id);
  expect(left.map(({ type }) => type)).toEqual(['order.reserved', 'order.paid']);
});

test('orders emits every event of its closed set, and no other', async () => {
  const order = await paid(orders.calls);
  await orders.calls.shipOrder(dispatch(order), LIMITS);
  await orders.calls.requestReturn(returning(order), LIMITS);
  const rows = await orders.sql<{ type: string }>('select distinct type from outbox order by type');
  expect(rows.map(({ type }) => type)).toEqual(ORDER_EVENTS.toSorted());
});
