import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  confirmation,
  creation,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  reserved,
  ship,
  statuses,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

test.each([
  ['submitted', submitted, ['SUBMITTED', 'CANCELLED']],
  ['reserved', reserved, ['SUBMITTED', 'CREATED', 'RESERVED', 'CANCELLED']],
  ['paid', paid, ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'CANCELLED']],
])('a %s order is cancelled with the step that failed and the reason', async (_status, until, history) => {
  const order = await until(orders.calls);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  const cancelled = await read(orders.calls, order.id);
  expect(cancelled).toMatchObject({
    status: 'ORDER_STATUS_CANCELLED',
    failure: { step: 'ProcessPayment', reason: 'payment_declined' },
    totals: order.totals,
    paymentId: order.paymentId,
  });
  expect(statuses(cancelled)).toEqual(history);
  expect(cancelled.history.at(-1)?.reason).toBe('payment_declined');
});

test('an order cancelled by request has a reason and no failed step', async () => {
  const order = await submitted(orders.calls);
  await orders.calls.cancelOrder(cancellation(order, { failedStep: '', reason: 'order_cancelled' }), LIMITS);
  expect((await read(orders.calls, order.id)).failure).toEqual({ step: '', reason: 'order_cancelled', facts: {} });
});

test('cancelling again changes nothing and keeps the first reason', async () => {
  const order = await reserved(orders.calls);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  const cancelled = await read(orders.calls, order.id);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  const otherwise = { idempotencyKey: randomUUID(), reason: 'hold_expired', failedStep: 'ConfirmOrder' };
  await orders.calls.cancelOrder(cancellation(order, otherwise), LIMITS);
  expect(await read(orders.calls, order.id)).toEqual(cancelled);
});

test('a CreateOrder that arrives after its undo is refused, and the order stays cancelled', async () => {
  const order = await submitted(orders.calls);
  await orders.calls.cancelOrder(cancellation(order, { reason: 'unavailable', failedStep: 'CreateOrder' }), LIMITS);
  expect(await refusal(orders.calls.createOrder(creation(order), LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  });
  expect(statuses(await read(orders.calls, order.id))).toEqual(['SUBMITTED', 'CANCELLED']);
});

test('a CreateOrder that is repeated after its undo is refused too, although it had been answered', async () => {
  const order = await reserved(orders.calls);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  expect(await refusal(orders.calls.createOrder(creation(order), LIMITS))).toMatchObject({ reason: 'order_cancelled' });
});

test('a shipped order is not cancelled, and that its CreateOrder was answered stays known', async () => {
  const order = await paid(orders.calls);
  await ship(orders, order);
  expect(await refusal(orders.calls.cancelOrder(cancellation(order), LIMITS))).toEqual({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { current_status: 'SHIPPED', attempted_status: 'CANCELLED' },
    fields: [],
    message: expect.any(String),
  });
  expect(await read(orders.calls, order.id)).toMatchObject({ status: 'ORDER_STATUS_SHIPPED', failure: undefined });
  await orders.calls.createOrder(creation(order), LIMITS);
});

test.each([
  ['no reason', { reason: '' }, 'reason'],
  ['a reason in free words', { reason: 'Ms Example asked' }, 'reason'],
  ['a step in free words', { failedStep: 'the third' }, 'failedStep'],
  ['nothing that it undoes', { undoesKey: '' }, 'undoesKey'],
])('cancelling with %s is an invalid argument', async (_what, given, field) => {
  const order = await submitted(orders.calls);
  expect(await refusal(orders.calls.cancelOrder(cancellation(order, given), LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: [field],
  });
});

test('a cancellation that waited for a confirmation is not dated before it', async () => {
  const order = await reserved(orders.calls);
  await orders.sql('begin');
  await orders.sql('select from orders where id = $1 for update', [order.id]);
  const cancelling = orders.calls.cancelOrder(cancellation(order), LIMITS);
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(
    () => orders.sql(waiting),
    (rows) => rows.length === 1,
  );
  await orders.sql(`update orders set status = 'PAID', payment_id = gen_random_uuid() where id = $1`, [order.id]);
  await orders.sql(
    `insert into order_history (order_id, previous_status, status, at) values ($1, 'RESERVED', 'PAID', clock_timestamp())`,
    [order.id],
  );
  await orders.sql('commit');
  await cancelling;
  const cancelled = await read(orders.calls, order.id);
  expect(statuses(cancelled)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'CANCELLED']);
  const [paidAt, cancelledAt] = cancelled.history.slice(-2).map(({ at }) => at?.getTime() ?? Number.NaN);
  expect(cancelledAt).toBeGreaterThanOrEqual(paidAt ?? Number.NaN);
});

test('confirming and cancelling at once ends cancelled, and the history tells whether it was paid before', async () => {
  const rounds = Array.from({ length: 20 }, async () => {
    const order = await reserved(orders.calls);
    const [confirm, cancel] = await Promise.allSettled([
      orders.calls.confirmOrder(confirmation(order), LIMITS),
      orders.calls.cancelOrder(cancellation(order), LIMITS),
    ]);
    const { status, paymentId, history } = await read(orders.calls, order.id);
    expect(cancel.status).toBe('fulfilled');
    expect(status).toBe('ORDER_STATUS_CANCELLED');
    const wasPaid = confirm.status === 'fulfilled';
    expect(paymentId !== '').toBe(wasPaid);
    expect(statuses({ history })).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', ...(wasPaid ? ['PAID'] : []), 'CANCELLED']);
    if (!wasPaid) expect(confirm.reason).toMatchObject({ facts: { current_status: 'CANCELLED', attempted_status: 'PAID' } });
  });
  await Promise.all(rounds);
});

test('creating and cancelling at once ends cancelled, and creating is refused from then on', async () => {
  const rounds = Array.from({ length: 20 }, async () => {
    const order = await submitted(orders.calls);
    const [create, cancel] = await Promise.allSettled([
      orders.calls.createOrder(creation(order), LIMITS),
      orders.calls.cancelOrder(cancellation(order), LIMITS),
    ]);
    expect(cancel.status).toBe('fulfilled');
    const after = await read(orders.calls, order.id);
    const created = create.status === 'fulfilled' ? ['CREATED', 'RESERVED'] : [];
    expect(statuses(after)).toEqual(['SUBMITTED', ...created, 'CANCELLED']);
    expect(after.totals !== undefined).toBe(create.status === 'fulfilled');
    expect(await refusal(orders.calls.createOrder(creation(order), LIMITS))).toMatchObject({ reason: 'order_cancelled' });
  });
  await Promise.all(rounds);
});
