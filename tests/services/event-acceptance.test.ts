/** Events of payments, taken in by orders: once, in their order, between the orders' own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { EVENTS, NOTIFIED_EVENTS } from '../../contracts/events.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import { ORDER_STATUSES } from '../../services/orders/entity.ts';
import { eventually } from '../../testkit/eventually.ts';
import { eventsOf, registered, tellAll, toldOf } from './events-fixture.ts';
import {
  cancellation,
  comeBack,
  confirmation,
  creation,
  delivery,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  shipped,
  submitted,
} from './orders-fixture.ts';
import { authorized } from './payments-authorized.ts';
import { failure, openPayments, type PaymentsFixture, payment, refundOf } from './payments-fixture.ts';

let orders: OrdersFixture;
let money: PaymentsFixture;
beforeAll(async () => {
  [orders, money] = await Promise.all([openOrders(), openPayments()]);
});
afterAll(() => Promise.all([orders.close(), money.close()]));

function paymentEvent(given: Partial<Event> = {}): Event {
  return {
    id: randomUUID(),
    type: 'payment.captured',
    orderId: randomUUID(),
    userId: randomUUID(),
    at: new Date('2026-11-01T10:00:00.123Z'),
    amount: { amountMinor: 2_599, currency: 'EUR' },
    facts: { payment_id: randomUUID() },
    sequence: 0,
    ...given,
  };
}

test('an event is taken in once, whatever comes again under its id, and told as it was given', async () => {
  const webhookId = await registered(orders.events);
  const order = await submitted(orders.calls);
  const event = paymentEvent({ orderId: order.id, userId: order.userId });
  await orders.events.acceptEvents({ events: [event, event] }, LIMITS);
  await orders.events.acceptEvents({ events: [{ ...event, type: 'payment.failed' }] }, LIMITS);
  const told = await toldOf(orders.events, { webhookId, orderId: order.id });
  expect(told.map((one) => one.event)).toEqual([expect.objectContaining({ type: 'order.submitted' }), { ...event, sequence: 2 }]);
});

test('events keep the order in which they are given, also of an order that nobody knows here', async () => {
  const { orderId } = paymentEvent();
  const types = ['payment.started', 'payment.authorized', 'payment.processing', 'payment.captured'];
  await orders.events.acceptEvents({ events: types.map((type) => paymentEvent({ orderId, type })) }, LIMITS);
  await orders.events.acceptEvents({ events: [paymentEvent({ orderId, type: 'payment.refunded' })] }, LIMITS);
  expect((await eventsOf(orders, orderId)).map(({ type, sequence }) => [type, sequence])).toEqual(
    [...types, 'payment.refunded'].map((type, n) => [type, n + 1]),
  );
});

test('a refund is told by the sender of notifications', async () => {
  await tellAll(orders.events);
  const event = paymentEvent({ type: 'payment.refunded' });
  await orders.events.acceptEvents({ events: [event] }, LIMITS);
  const told = await tellAll(orders.events, '');
  expect(told.map(({ id }) => id)).toEqual([event.id]);
});

test('while orders move and several take the same events in, each is numbered once and none is lost', async () => {
  const placed = await Promise.all(Array.from({ length: 8 }, () => submitted(orders.calls)));
  const events = placed.flatMap(({ id: orderId }) =>
    ['payment.started', 'payment.captured', 'payment.refunded'].map((type) => paymentEvent({ orderId, type })),
  );
  const accept = (given: Event[]) => orders.events.acceptEvents({ events: given }, LIMITS);
  const backwards = placed.toReversed().flatMap(({ id }) => events.filter(({ orderId }) => orderId === id));
  await Promise.all([
    ...[events, backwards, events, backwards].map(accept),
    ...placed.map(async (order) => {
      await orders.calls.createOrder(creation(order), LIMITS);
      await orders.calls.confirmOrder(confirmation(order), LIMITS);
    }),
  ]);
  for (const { id } of placed) {
    const told = await eventsOf(orders, id);
    expect(told.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const of = (prefix: string) => told.map(({ type }) => type).filter((type) => type.startsWith(prefix));
    expect(of('payment')).toEqual(['payment.started', 'payment.captured', 'payment.refunded']);
    expect(of('order')).toEqual(['order.submitted', 'order.created', 'order.reserved', 'order.paid']);
  }
  const { findings } = await orders.calls.audit({}, LIMITS);
  expect(findings.filter(({ rule, violations }) => rule.includes('event') && violations > 0)).toEqual([]);
});

test('what is taken in waits for the order that is about to move, and is numbered after what that tells', async () => {
  const order = await submitted(orders.calls);
  const mover = new pg.Client({ connectionString: orders.url });
  await mover.connect();
  try {
    await mover.query('begin');
    await mover.query('select from orders where id = $1 for update', [order.id]);
    await mover.query(`insert into order_history (order_id, status) values ($1, 'CREATED')`, [order.id]);
    const accepted = orders.events.acceptEvents({ events: [paymentEvent({ orderId: order.id })] }, LIMITS);
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(
      () => orders.sql(waiting),
      ({ length }) => length === 1,
    );
    await mover.query('commit');
    await accepted;
  } finally {
    await mover.end();
  }
  const told = await eventsOf(orders, order.id);
  expect(told.map(({ type }) => type)).toEqual(['order.submitted', 'order.created', 'payment.captured']);
});

test('of an order that nobody knows here many events are taken in at once, each numbered once', async () => {
  const { orderId } = paymentEvent();
  const events = Array.from({ length: 20 }, () => paymentEvent({ orderId }));
  await Promise.all(events.map((event) => orders.events.acceptEvents({ events: [event] }, LIMITS)));
  const told = await eventsOf(orders, orderId);
  expect(told.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
});

test('what payments tells and orders tells is the closed set, each of it, and every status has its event', async () => {
  const payments = await money.start();
  const request = payment();
  await payments.processPayment(request, LIMITS);
  await payments.refundPayment(refundOf(request), LIMITS);
  await failure(payments.processPayment(payment({ paymentMethod: 'tok_declined' }), LIMITS));
  const held = await authorized(money);
  await payments.voidPayment({ idempotencyKey: 'void', orderId: held.orderId, reason: 'order_cancelled' }, LIMITS);
  const { events } = await payments.outbox.listUnrelayed({ limit: 0 }, LIMITS);
  await orders.events.acceptEvents({ events }, LIMITS);

  await orders.calls.cancelOrder(cancellation(await paid(orders.calls)), LIMITS);
  const sent = await shipped(orders.calls);
  await orders.calls.deliverOrder(delivery(sent), LIMITS);
  await comeBack(orders.calls, sent);
  const rows = await orders.sql<{ type: string }>('select distinct type from events');
  expect(rows.map(({ type }) => type).toSorted()).toEqual(Object.keys(EVENTS).toSorted());
  for (const status of ORDER_STATUSES) expect(Object.keys(EVENTS)).toContain(`order.${status.toLowerCase()}`);
  const sender = await orders.sql(`select event_types from event_receivers where kind = 'notifications'`);
  expect(sender).toEqual([{ event_types: [...NOTIFIED_EVENTS] }]);
});
