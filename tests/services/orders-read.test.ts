import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ListOrdersRequest, Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  confirmation,
  creation,
  LIMITS,
  listing,
  type OrdersFixture,
  openOrders,
  read,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

function list(userId: string, given: Partial<ListOrdersRequest> = {}) {
  return orders.calls.listOrders(listing({ userId, ...given }), LIMITS);
}

async function submitMany(userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) ids.unshift((await submitted(orders.calls, { userId })).id);
  return ids;
}

async function pages(
  userId: string,
  pageSize: number,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[][]> {
  const seen: string[][] = [];
  let cursor = '';
  do {
    const page = await list(userId, { pageSize, cursor });
    seen.push(page.orders.map((order) => order.id));
    cursor = page.nextCursor;
    await between();
  } while (cursor);
  return seen;
}

test("a user reads their own order, and another's is not found, like one that does not exist", async () => {
  const order = await submitted(orders.calls);
  expect((await orders.calls.getOrder({ orderId: order.id, userId: order.userId }, LIMITS)).order).toEqual(order);
  const notFound = (orderId: string) => ({
    code: 'NOT_FOUND',
    reason: 'not_found',
    facts: { order_id: orderId },
    fields: [],
    message: expect.any(String),
  });
  const stranger = randomUUID();
  expect(await refusal(orders.calls.getOrder({ orderId: order.id, userId: stranger }, LIMITS))).toEqual(notFound(order.id));
  expect(await refusal(orders.calls.getOrder({ orderId: stranger, userId: '' }, LIMITS))).toEqual(notFound(stranger));
});

test('a list is of one user, newest first, with lines and totals and without history', async () => {
  const userId = randomUUID();
  const first = await submitted(orders.calls, { userId });
  await submitted(orders.calls);
  const second = await submitted(orders.calls, { userId });
  await orders.calls.createOrder(creation(first), LIMITS);
  const { orders: found, nextCursor } = await list(userId);
  const withoutHistory = async (order: Order) => ({ ...(await read(orders.calls, order.id)), history: [] });
  expect(found).toEqual([await withoutHistory(second), await withoutHistory(first)]);
  expect(found[1]?.totals?.total?.amountMinor).toBeGreaterThan(0);
  expect(nextCursor).toBe('');
});

test('a user without orders has an empty list', async () => {
  expect(await list(randomUUID())).toEqual({ orders: [], nextCursor: '' });
});

test('pages hold every order once, and the last one ends the list', async () => {
  const userId = randomUUID();
  const ids = await submitMany(userId, 6);
  expect(await pages(userId, 4)).toEqual([ids.slice(0, 4), ids.slice(4)]);
  expect(await pages(userId, 3)).toEqual([ids.slice(0, 3), ids.slice(3)]);
  expect(await pages(userId, 100)).toEqual([ids]);
});

test('an order placed while the pages are read moves nothing in them', async () => {
  const userId = randomUUID();
  const ids = await submitMany(userId, 5);
  expect((await pages(userId, 2, () => submitted(orders.calls, { userId }))).flat()).toEqual(ids);
});

test('orders of one instant are paged without loss', async () => {
  const userId = randomUUID();
  const ids = await submitMany(userId, 5);
  await orders.sql(`update orders set created_at = '2026-11-21T07:00:00.001Z' where user_id = $1`, [userId]);
  expect((await pages(userId, 2)).flat()).toEqual(ids.toSorted().toReversed());
});

test('a list can be of one status', async () => {
  const userId = randomUUID();
  const [open, done, cancelled] = [
    await submitted(orders.calls, { userId }),
    await submitted(orders.calls, { userId }),
    await submitted(orders.calls, { userId }),
  ];
  await orders.calls.createOrder(creation(done), LIMITS);
  await orders.calls.confirmOrder(confirmation(done), LIMITS);
  await orders.calls.cancelOrder(cancellation(cancelled), LIMITS);
  const ids = async (status: ListOrdersRequest['status']) => (await list(userId, { status })).orders.map((order) => order.id);
  expect(await ids('ORDER_STATUS_SUBMITTED')).toEqual([open.id]);
  expect(await ids('ORDER_STATUS_PAID')).toEqual([done.id]);
  expect(await ids('ORDER_STATUS_CANCELLED')).toEqual([cancelled.id]);
  expect(await ids('ORDER_STATUS_SHIPPED')).toEqual([]);
});

test('20 orders are a page unless more are asked for', async () => {
  const userId = randomUUID();
  await Promise.all(Array.from({ length: 21 }, () => submitted(orders.calls, { userId })));
  expect((await list(userId)).orders).toHaveLength(20);
  expect((await list(userId, { pageSize: 21 })).orders).toHaveLength(21);
});

test("an altered cursor, another user's and another filter's are invalid arguments", async () => {
  const userId = randomUUID();
  await submitMany(userId, 2);
  const { nextCursor } = await list(userId, { pageSize: 1 });
  const invalid = {
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    facts: {},
    fields: ['cursor'],
    message: expect.any(String),
  };
  const altered = (nextCursor.startsWith('A') ? 'B' : 'A') + nextCursor.slice(1);
  expect(await refusal(list(userId, { cursor: altered }))).toEqual(invalid);
  expect(await refusal(list(userId, { cursor: 'nonsense' }))).toEqual(invalid);
  expect(await refusal(list(userId, { cursor: 'x'.repeat(1_000) }))).toEqual(invalid);
  expect(await refusal(list(randomUUID(), { cursor: nextCursor }))).toEqual(invalid);
  expect(await refusal(list(userId, { cursor: nextCursor, status: 'ORDER_STATUS_PAID' }))).toEqual(invalid);
  expect((await list(userId, { cursor: nextCursor })).orders).toHaveLength(1);
});

test.each([
  ['a user that is none', { userId: 'everybody' }, 'userId'],
  ['a negative page size', { pageSize: -1 }, 'pageSize'],
  ['a page size of 101', { pageSize: 101 }, 'pageSize'],
])('a list with %s is an invalid argument', async (_what, given, field) => {
  expect(await refusal(list(randomUUID(), given))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [field] });
});

test('the service says that it is ready when its database answers', async () => {
  const response = await fetch(`http://127.0.0.1:${orders.httpPort()}/health/ready`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ service: 'orders', dependencies: [{ name: 'database', status: 'up' }] });
});
