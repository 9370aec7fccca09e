import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ListOrdersRequest, Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { refusal } from '../../testkit/refusal.ts';
import { cancellation, LIMITS, listing, type OrdersFixture, openOrders, paid, reserved, submitted } from './orders-fixture.ts';

const DAY_MS = 86_400_000;
const FIRST_DAY = new Date('2026-11-01T00:00:00.000Z');

let orders: OrdersFixture;
/** One order a day from the first on, each of another user. */
let ids: { [kind in 'submitted' | 'paid' | 'declined' | 'without stock' | 'withdrawn']: string };
beforeAll(async () => {
  orders = await openOrders();
  const { calls } = orders;
  const cancelled = async (order: Order, failedStep: string, reason: string) => {
    await calls.cancelOrder(cancellation(order, { failedStep, reason }), LIMITS);
    return order.id;
  };
  ids = {
    submitted: (await submitted(calls)).id,
    paid: (await paid(calls)).id,
    declined: await cancelled(await reserved(calls), 'ProcessPayment', 'payment_declined'),
    'without stock': await cancelled(await submitted(calls), 'ReserveInventory', 'insufficient_stock'),
    withdrawn: await cancelled(await paid(calls), '', 'order_cancelled'),
  };
  for (const [n, id] of Object.values(ids).entries()) {
    await orders.sql('update orders set created_at = $2 where id = $1', [id, day(n)]);
  }
});
afterAll(() => orders.close());

const day = (n: number) => new Date(FIRST_DAY.getTime() + n * DAY_MS);

async function kinds(given: Partial<ListOrdersRequest>): Promise<string[]> {
  const found = await orders.calls.listOrders(listing(given), LIMITS);
  expect(found.nextCursor).toBe('');
  return found.orders.map(({ id }) => Object.entries(ids).find(([, known]) => known === id)?.[0] ?? id);
}

test("without a user everybody's orders are listed, newest first", async () => {
  expect(await kinds({})).toEqual(['withdrawn', 'without stock', 'declined', 'paid', 'submitted']);
});

test('a span of time begins with its first instant and ends before its last', async () => {
  expect(await kinds({ createdFrom: day(1), createdTo: day(3) })).toEqual(['declined', 'paid']);
  expect(await kinds({ createdFrom: day(3) })).toEqual(['withdrawn', 'without stock']);
  expect(await kinds({ createdTo: day(1) })).toEqual(['submitted']);
  expect(await kinds({ createdFrom: new Date(day(1).getTime() + 1), createdTo: day(2) })).toEqual([]);
});

test('orders are found by the step that failed; one that was withdrawn failed at none', async () => {
  expect(await kinds({ failedStep: 'ProcessPayment' })).toEqual(['declined']);
  expect(await kinds({ failedStep: 'ReserveInventory' })).toEqual(['without stock']);
  expect(await kinds({ failedStep: 'CreateOrder' })).toEqual([]);
});

test('of some orders only those that exist are listed, whichever way they were named', async () => {
  const orderIds = [ids.paid.toUpperCase(), randomUUID(), ids.declined, ids.paid];
  expect(await kinds({ orderIds })).toEqual(['declined', 'paid']);
  expect(await kinds({ orderIds, status: 'ORDER_STATUS_PAID' })).toEqual(['paid']);
});

test('an order is listed when it fits everything that is given', async () => {
  const [declined] = await orders.sql<{ user_id: string }>('select user_id from orders where id = $1', [ids.declined]);
  const userId = declined?.user_id ?? '';
  const fitting = {
    userId,
    status: 'ORDER_STATUS_CANCELLED',
    createdFrom: day(2),
    createdTo: day(3),
    failedStep: 'ProcessPayment',
    orderIds: [ids.declined],
  } as const;
  const list = { ...fitting, orderIds: [...fitting.orderIds] };
  expect(await kinds(list)).toEqual(['declined']);
  const misfits: Partial<ListOrdersRequest>[] = [
    { userId: randomUUID() },
    { status: 'ORDER_STATUS_PAID' },
    { createdFrom: day(2.5) },
    { createdFrom: day(1), createdTo: day(2) },
    { failedStep: 'ReserveInventory' },
    { orderIds: [ids.paid] },
  ];
  for (const misfit of misfits) expect(await kinds({ ...list, ...misfit })).toEqual([]);
});

test('pages of a list hold every order that fits once, and a cursor is good for its own list only', async () => {
  const list = { status: 'ORDER_STATUS_CANCELLED', createdFrom: day(0), pageSize: 1 } as const;
  const seen: string[] = [];
  const cursors: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await orders.calls.listOrders(listing({ ...list, cursor }), LIMITS);
    seen.push(...page.orders.map(({ id }) => id));
    if (page.nextCursor === '') break;
    cursors.push(page.nextCursor);
    cursor = page.nextCursor;
  }
  expect(seen).toEqual([ids.withdrawn, ids['without stock'], ids.declined]);
  const [cursor = ''] = cursors;
  for (const other of [{ createdFrom: day(1) }, { createdTo: day(9) }, { failedStep: 'ProcessPayment' }, { orderIds: seen }]) {
    expect(await refusal(orders.calls.listOrders(listing({ ...list, ...other, cursor }), LIMITS))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields: ['cursor'],
    });
  }
});

test.each<[string, Partial<ListOrdersRequest>, string]>([
  ['a span that ends where it begins', { createdFrom: FIRST_DAY, createdTo: FIRST_DAY }, 'createdTo'],
  ['a step that is none', { failedStep: 'the third' }, 'failedStep'],
  ['an id that is none', { orderIds: ['x'] }, 'orderIds.0'],
  ['101 ids', { orderIds: Array.from({ length: 101 }, () => randomUUID()) }, 'orderIds'],
])('a list with %s is an invalid argument', async (_, given, field) => {
  expect(await refusal(orders.calls.listOrders(listing(given), LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('every list is read off an index in its own order, however many orders there are', async () => {
  await orders.sql(
    `insert into orders (id, client_id, user_id, status, payment_method, failure_step, failure_reason, created_at)
     select gen_random_uuid(), 'web-shop', gen_random_uuid(), case when n % 50 = 0 then 'CANCELLED' else 'SUBMITTED' end, 'tok_ok',
       case when n % 50 = 0 then 'ValidateUser' end, case when n % 50 = 0 then 'user_unknown' end, now() - n * interval '1 minute'
     from generate_series(1, 20000) n`,
  );
  await orders.sql('analyze orders');
  for (const [where, index] of [
    ['true', 'orders_by_time'],
    [`created_at >= now() - interval '1 day'`, 'orders_by_time'],
    [`status = 'RESERVED'`, 'orders_by_status'],
    [`failure_step = 'ProcessPayment'`, 'orders_by_failed_step'],
  ] as const) {
    const plan = await orders.sql(
      `explain (costs off) select * from orders where ${where} order by created_at desc, id desc limit 21`,
    );
    const text = JSON.stringify(plan);
    expect(text).toContain(`using ${index} on`);
    expect(text).not.toContain('Sort');
  }
});
