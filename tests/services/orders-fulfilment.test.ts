import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  confirmation,
  delivery,
  dispatch,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  reserved,
  shipped,
  statuses,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

const nobody = { id: randomUUID() };

function illegal(current: string, attempted: string) {
  const facts = { current_status: current, attempted_status: attempted };
  return { code: 'FAILED_PRECONDITION', reason: 'illegal_transition', facts, fields: [], message: expect.any(String) };
}

function notFound() {
  const facts = { order_id: nobody.id };
  return { code: 'NOT_FOUND', reason: 'not_found', facts, fields: [], message: expect.any(String) };
}

function invalid(field: string) {
  return { code: 'INVALID_ARGUMENT', reason: 'validation_failed', facts: {}, fields: [field], message: expect.any(String) };
}

test('a paid order is shipped with carrier and tracking number, once per key', async () => {
  const order = await paid(orders.calls);
  expect(order.shipment).toBeUndefined();
  await orders.calls.shipOrder(dispatch(order, { carrier: ' Deutsche Post ' }), LIMITS);

  const found = await read(orders.calls, order.id);
  expect(found).toMatchObject({ status: 'ORDER_STATUS_SHIPPED', paymentId: order.paymentId });
  expect(found.shipment).toEqual({
    carrier: 'Deutsche Post',
    trackingNumber: 'JD014600003RU',
    shippedAt: found.history.at(-1)?.at,
    deliveredAt: undefined,
  });
  expect(statuses(found)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'SHIPPED']);

  await orders.calls.shipOrder(dispatch(order, { carrier: ' Deutsche Post ' }), LIMITS);
  expect(await read(orders.calls, order.id)).toEqual(found);
  const other = dispatch(order, { carrier: 'UPS' });
  expect(await refusal(orders.calls.shipOrder(other, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
});

test('an order that is not paid is not shipped, and stays refused under the same key', async () => {
  const order = await reserved(orders.calls);
  expect(await refusal(orders.calls.shipOrder(dispatch(order), LIMITS))).toEqual(illegal('RESERVED', 'SHIPPED'));
  await orders.calls.confirmOrder(confirmation(order), LIMITS);
  expect(await refusal(orders.calls.shipOrder(dispatch(order), LIMITS))).toEqual(illegal('RESERVED', 'SHIPPED'));
  await orders.calls.shipOrder(dispatch(order, { idempotencyKey: randomUUID() }), LIMITS);
  const again = dispatch(order, { idempotencyKey: randomUUID() });
  expect(await refusal(orders.calls.shipOrder(again, LIMITS))).toEqual(illegal('SHIPPED', 'SHIPPED'));
});

test('of ten shipments at once under ten keys, one ships', async () => {
  const order = await paid(orders.calls);
  const calls = Array.from({ length: 10 }, (_, index) =>
    orders.calls.shipOrder(dispatch(order, { idempotencyKey: randomUUID(), trackingNumber: `T${index}` }), LIMITS),
  );
  const outcomes = await Promise.allSettled(calls);
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await read(orders.calls, order.id)).shipment?.trackingNumber).toBe(`T${winner}`);
});

test.each([
  ['no carrier', { carrier: '' }, 'carrier'],
  ['a carrier of 101 characters', { carrier: 'x'.repeat(101) }, 'carrier'],
  ['no tracking number', { trackingNumber: '  ' }, 'trackingNumber'],
  ['a tracking number of 101 characters', { trackingNumber: 'x'.repeat(101) }, 'trackingNumber'],
  ['a line break', { trackingNumber: 'a\nb' }, 'trackingNumber'],
])('shipping with %s is an invalid argument, which uses up no key', async (_, given, field) => {
  const order = await paid(orders.calls);
  expect(await refusal(orders.calls.shipOrder(dispatch(order, given), LIMITS))).toEqual(invalid(field));
  await orders.calls.shipOrder(dispatch(order, { carrier: 'x'.repeat(100), trackingNumber: 'y'.repeat(100) }), LIMITS);
});

test('a shipped order is delivered now by the database clock, once per key', async () => {
  const order = await shipped(orders.calls);
  const [before] = await orders.sql<{ now: Date }>('select now()::timestamptz(3)');
  await orders.calls.deliverOrder(delivery(order), LIMITS);
  const found = await read(orders.calls, order.id);
  expect(found.status).toBe('ORDER_STATUS_DELIVERED');
  expect(statuses(found).at(-1)).toBe('DELIVERED');
  expect(found.shipment).toEqual({ ...order.shipment, deliveredAt: expect.any(Date) });
  expect(found.shipment?.deliveredAt?.getTime()).toBeGreaterThanOrEqual(before?.now.getTime() ?? Number.NaN);

  await orders.calls.deliverOrder(delivery(order), LIMITS);
  expect(await read(orders.calls, order.id)).toEqual(found);
  const again = delivery(order, { idempotencyKey: randomUUID() });
  expect(await refusal(orders.calls.deliverOrder(again, LIMITS))).toEqual(illegal('DELIVERED', 'DELIVERED'));
});

test('a delivery is told with its time, from the shipment on and not later than now', async () => {
  const order = await shipped(orders.calls);
  const shippedMs = order.shipment?.shippedAt?.getTime() ?? Number.NaN;
  const at = (ms: number) => delivery(order, { deliveredAt: new Date(ms) });
  expect(await refusal(orders.calls.deliverOrder(at(shippedMs - 1), LIMITS))).toEqual(invalid('deliveredAt'));
  expect(await refusal(orders.calls.deliverOrder(at(Date.now() + 60_000), LIMITS))).toEqual(invalid('deliveredAt'));
  expect(await read(orders.calls, order.id)).toEqual(order);
  // Refused without using up the key: the same call is right later.
  await orders.calls.deliverOrder(at(shippedMs), LIMITS);
  expect((await read(orders.calls, order.id)).shipment?.deliveredAt).toEqual(new Date(shippedMs));
});

test('an order that is not shipped is not delivered', async () => {
  const order = await paid(orders.calls);
  expect(await refusal(orders.calls.deliverOrder(delivery(order), LIMITS))).toEqual(illegal('PAID', 'DELIVERED'));
});

test('an order that does not exist is neither shipped nor delivered', async () => {
  expect(await refusal(orders.calls.shipOrder(dispatch(nobody), LIMITS))).toEqual(notFound());
  expect(await refusal(orders.calls.deliverOrder(delivery(nobody), LIMITS))).toEqual(notFound());
});

test('a cancelled order tells the facts behind its reason, the first ones for ever', async () => {
  const order = await submitted(orders.calls);
  const facts = { product_id: randomUUID(), available_quantity: '3' };
  const cancel = cancellation(order, { reason: 'insufficient_stock', failedStep: 'ReserveInventory', facts });
  await orders.calls.cancelOrder(cancel, LIMITS);
  const found = await read(orders.calls, order.id);
  expect(found.failure).toEqual({ step: 'ReserveInventory', reason: 'insufficient_stock', facts });

  // An attempt that knows less of them is the same undo, and is not refused.
  await orders.calls.cancelOrder({ ...cancel, facts: {} }, LIMITS);
  await orders.calls.cancelOrder({ ...cancel, idempotencyKey: randomUUID(), facts: { other: 'x' } }, LIMITS);
  expect(await read(orders.calls, order.id)).toEqual(found);
});

test.each<[string, Record<string, string>]>([
  ['17 facts', Object.fromEntries(Array.from('abcdefghijklmnopq', (letter) => [letter, '']))],
  ['a fact that is no word', { 'Not a word': 'x' }],
  ['a fact with a name of 65 letters', { ['x'.repeat(65)]: 'x' }],
  ['a value of 201 characters', { word: 'x'.repeat(201) }],
  ['a control character', { word: 'a\u0000b' }],
])('cancelling with %s is an invalid argument', async (_, facts) => {
  const order = await submitted(orders.calls);
  const refused = await refusal(orders.calls.cancelOrder(cancellation(order, { facts }), LIMITS));
  expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'validation_failed' });
  expect(refused.fields[0]).toMatch(/^facts/);
  const limits = Object.fromEntries(Array.from('abcdefghijklmnop', (letter) => [letter.repeat(64), 'x'.repeat(200)]));
  await orders.calls.cancelOrder(cancellation(order, { facts: limits }), LIMITS);
  expect((await read(orders.calls, order.id)).failure?.facts).toEqual(limits);
});
