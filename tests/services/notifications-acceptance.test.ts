/** Events of other services are accepted once, numbered in their order, and planned for those who want them. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { NOTIFIED_EVENTS } from '../../contracts/events.ts';
import { MAIL_EVENT_TYPES } from '../../services/notifications/domain/receiver.ts';
import {
  accept,
  clear,
  deliverAll,
  deliveriesTo,
  event,
  eventsOf,
  happened,
  LIMITS,
  listing,
  type NotificationsFixture,
  openNotifications,
  registered,
  violated,
} from './notifications-fixture.ts';

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications();
});
afterEach(() => clear(fixture));
afterAll(() => fixture.close());

test('an event is accepted once, whatever comes again under its id, and delivered as it was emitted', async () => {
  const webhookId = await registered(fixture.calls);
  const order = await happened(fixture.calls, 'order.submitted');
  const captured = event({ type: 'payment.captured', orderId: order.id, userId: order.userId, version: 2 });
  await accept(fixture.calls, captured, captured);
  await accept(fixture.calls, { ...captured, type: 'payment.failed' });
  const delivered = await deliveriesTo(fixture.calls, { webhookId, orderId: order.id });
  expect(delivered.map((delivery) => delivery.event)).toEqual([
    expect.objectContaining({ type: 'order.submitted', sequence: 1 }),
    { ...captured, sequence: 2 },
  ]);
});

test('an event of a user has no order, and is numbered among the events of the user', async () => {
  const userId = randomUUID();
  const registration = event({ type: 'user.registered', orderId: '', userId, amount: undefined, facts: {} });
  await accept(fixture.calls, registration);
  await accept(fixture.calls, event({ userId }), { ...registration, id: randomUUID(), type: 'user.deactivated' });
  const { events } = await fixture.calls.listEvents(listing({ pageSize: 500 }), LIMITS);
  const ofUser = events.filter((one) => one.userId === userId && one.orderId === '');
  expect(ofUser[0]).toEqual({ ...registration, sequence: 1 });
  expect(ofUser.map(({ type, sequence }) => [type, sequence])).toEqual([
    ['user.registered', 1],
    ['user.deactivated', 2],
  ]);
});

test('events keep the order in which they are given', async () => {
  const { orderId } = event();
  const types = ['payment.started', 'payment.authorized', 'payment.processing', 'payment.captured'];
  await accept(fixture.calls, ...types.map((type) => event({ orderId, type })));
  await accept(fixture.calls, event({ orderId, type: 'payment.refunded' }));
  expect((await eventsOf(fixture.calls, orderId)).map(({ type, sequence }) => [type, sequence])).toEqual(
    [...types, 'payment.refunded'].map((type, n) => [type, n + 1]),
  );
});

test('the mail sender receives what a customer gets a mail about', async () => {
  expect([...MAIL_EVENT_TYPES].toSorted()).toEqual([...NOTIFIED_EVENTS].toSorted());
  const sender = await fixture.sql(`select event_types from receivers where kind = 'mail'`);
  expect(sender).toEqual([{ event_types: [...MAIL_EVENT_TYPES] }]);
  const refund = event({ type: 'payment.refunded' });
  await accept(fixture.calls, refund, event({ type: 'order.reserved' }));
  expect((await deliverAll(fixture.calls, '')).map(({ id }) => id)).toEqual([refund.id]);
});

test('while three sources relay and repeat events, each event is numbered once and none is lost', async () => {
  await registered(fixture.calls);
  const orders = Array.from({ length: 8 }, () => event().orderId);
  const emitted = (types: string[]) => orders.flatMap((orderId) => types.map((type) => event({ orderId, type })));
  const payments = emitted(['payment.started', 'payment.captured', 'payment.refunded']);
  const ofOrders = emitted(['order.submitted', 'order.created', 'order.reserved', 'order.paid']);
  const backwards = orders.toReversed().flatMap((id) => payments.filter(({ orderId }) => orderId === id));
  await Promise.all([
    ...[payments, backwards, payments, backwards].map((events) => accept(fixture.calls, ...events)),
    ...[ofOrders, ofOrders].map((events) => accept(fixture.calls, ...events)),
  ]);
  for (const orderId of orders) {
    const events = await eventsOf(fixture.calls, orderId);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const of = (prefix: string) => events.map(({ type }) => type).filter((type) => type.startsWith(prefix));
    expect(of('payment')).toEqual(['payment.started', 'payment.captured', 'payment.refunded']);
    expect(of('order')).toEqual(['order.submitted', 'order.created', 'order.reserved', 'order.paid']);
  }
  expect(await violated(fixture)).toEqual([]);
});

test('many events of one order that are accepted at the same time are each numbered once', async () => {
  const { orderId } = event();
  const events = Array.from({ length: 20 }, () => event({ orderId }));
  await Promise.all(events.map((one) => accept(fixture.calls, one)));
  const numbered = await eventsOf(fixture.calls, orderId);
  expect(numbered.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
});

test('nothing is changed or removed in the log', async () => {
  await happened(fixture.calls, 'order.submitted');
  for (const change of [`update events set type = 'order.paid'`, 'delete from events', 'truncate events cascade']) {
    await expect(fixture.sql(change)).rejects.toThrow('events is append-only');
  }
});
