import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { returnKey } from '../../contracts/ids.ts';
import { eventually } from '../../testkit/eventually.ts';
import { insist } from '../../testkit/insist.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  comeBack,
  completion,
  delivery,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  returning,
  shipped,
  statuses,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

/** Who waits for a lock now; within a transaction PostgreSQL would tell what it has told before. */
async function waiting() {
  await orders.sql('select pg_stat_clear_snapshot()');
  return orders.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
}

/** A shipped order and its lines, each of some units at 10.00 EUR. */
async function shippedOrder() {
  const order = await shipped(orders.calls);
  const [first] = order.lines;
  if (!first || !order.totals?.total) throw new Error('A priced order was expected');
  return { order, first, totalMinor: order.totals.total.amountMinor };
}

test('an order comes back in parts: each is worth its share, and with the last unit the whole total is back', async () => {
  const { order, first, totalMinor } = await shippedOrder();
  const part = await comeBack(orders.calls, order, [{ productId: first.productId, quantity: 1 }]);
  expect(part).toMatchObject({ refund: { amountMinor: 1_190, currency: 'EUR' }, completesOrder: false });
  expect((await read(orders.calls, order.id)).status).toBe('ORDER_STATUS_SHIPPED');

  const rest = await comeBack(orders.calls, order);
  expect(rest).toMatchObject({ refund: { amountMinor: totalMinor - 1_190, currency: 'EUR' }, completesOrder: true });
  const now = await read(orders.calls, order.id);
  expect(statuses(now).at(-1)).toBe('RETURNED');
  expect(now.returns.map(({ id, refund, completedAt }) => [id, refund?.amountMinor, completedAt !== undefined])).toEqual([
    [part.returnId, 1_190, true],
    [rest.returnId, totalMinor - 1_190, true],
  ]);
});

test('a delivered order can be returned, and is RETURNED only when its return is complete', async () => {
  const { order } = await shippedOrder();
  await orders.calls.deliverOrder(delivery(order), LIMITS);
  const request = returning(order);
  await orders.calls.requestReturn(request, LIMITS);
  expect(await read(orders.calls, order.id)).toMatchObject({
    status: 'ORDER_STATUS_DELIVERED',
    returns: [{ reason: 'Too small' }],
  });
  await orders.calls.completeReturn(completion(request), LIMITS);
  expect((await read(orders.calls, order.id)).status).toBe('ORDER_STATUS_RETURNED');
});

test('repeating a return and its completion answers the same and changes nothing', async () => {
  const { order } = await shippedOrder();
  const request = returning(order);
  const answers = [await orders.calls.requestReturn(request, LIMITS), await orders.calls.requestReturn(request, LIMITS)];
  expect(answers[1]).toEqual(answers[0]);
  await orders.calls.completeReturn(completion(request), LIMITS);
  await orders.calls.completeReturn(completion(request), LIMITS);
  const now = await read(orders.calls, order.id);
  expect(now.returns).toHaveLength(1);
  expect(statuses(now).filter((status) => status === 'RETURNED')).toHaveLength(1);
});

test('more than was bought is refused with what could come back; so is what another order bought', async () => {
  const { order, first } = await shippedOrder();
  const { first: foreign } = await shippedOrder();
  await comeBack(orders.calls, order, [{ productId: first.productId, quantity: 1 }]);
  const ask = (productId: string, quantity: number) =>
    refusal(orders.calls.requestReturn(returning(order, { lines: [{ productId, quantity }] }), LIMITS));
  const refused = (productId: string, returnable: number) => ({
    code: 'FAILED_PRECONDITION',
    reason: 'return_exceeds_order',
    facts: { product_id: productId, returnable_quantity: String(returnable) },
  });
  expect(await ask(first.productId, first.quantity)).toMatchObject(refused(first.productId, first.quantity - 1));
  expect(await ask(foreign.productId, 1)).toMatchObject(refused(foreign.productId, 0));
});

test('an order that was not shipped cannot be returned', async () => {
  const order = await paid(orders.calls);
  expect(await refusal(orders.calls.requestReturn(returning(order), LIMITS))).toMatchObject({
    reason: 'illegal_transition',
    facts: { current_status: 'PAID', attempted_status: 'RETURNED' },
  });
});

test('of many who return the last unit at once one succeeds', async () => {
  const { order, first } = await shippedOrder();
  const others = order.lines.slice(1).map(({ productId, quantity }) => ({ productId, quantity }));
  const units = first.quantity - 1;
  const left = [...others, ...(units > 0 ? [{ productId: first.productId, quantity: units }] : [])];
  if (left.length > 0) await comeBack(orders.calls, order, left);
  const lines = [{ productId: first.productId, quantity: 1 }];
  // Held here until many have come, or the first would be through before the others have a connection.
  await orders.sql('begin');
  await orders.sql('select from orders where id = $1 for update', [order.id]);
  const asking = Promise.allSettled(
    Array.from({ length: 100 }, () => {
      const request = returning(order, { lines });
      return insist(() => orders.calls.requestReturn(request, LIMITS));
    }),
  );
  await eventually(waiting, (rows) => rows.length >= 10);
  await orders.sql('commit');
  const asked = await asking;
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const reasons = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason.reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['return_exceeds_order']));
});

test('one id is one return: another request for it is refused, of this order and of any other', async () => {
  const [one, other] = [await shippedOrder(), await shippedOrder()];
  const lines = [{ productId: one.first.productId, quantity: 1 }];
  const request = returning(one.order, { lines });
  await orders.calls.requestReturn(request, LIMITS);
  const { returnId } = request;
  for (const order of [one.order, other.order]) {
    const again = returning(order, { returnId, idempotencyKey: randomUUID() });
    const refused = await refusal(orders.calls.requestReturn(again, LIMITS));
    expect(refused).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'idempotency_key_reused',
      facts: { return_id: returnId },
    });
    expect(await refusal(orders.calls.requestReturn(again, LIMITS))).toEqual(refused);
  }
  expect((await read(orders.calls, one.order.id)).returns).toMatchObject([{ id: returnId, lines }]);
  expect((await read(orders.calls, other.order.id)).returns).toEqual([]);
});

test('a completion that is told again under another key changes nothing', async () => {
  const { order } = await shippedOrder();
  const request = returning(order);
  await orders.calls.requestReturn(request, LIMITS);
  await orders.calls.completeReturn(completion(request), LIMITS);
  const before = await read(orders.calls, order.id);
  await orders.calls.completeReturn({ ...completion(request), idempotencyKey: randomUUID() }, LIMITS);
  expect(await read(orders.calls, order.id)).toEqual(before);
});

test('returns say who asked for them and why, and the last one who returned the order', async () => {
  const { order, first } = await shippedOrder();
  const [customer, operator] = [randomUUID(), randomUUID()];
  const part = returning(order, { lines: [{ productId: first.productId, quantity: 1 }], actorId: customer });
  const rest = returning(order, { reason: 'Broken in transit', actorId: operator });
  for (const request of [part, rest]) await orders.calls.requestReturn(request, LIMITS);
  for (const request of [part, rest]) await orders.calls.completeReturn(completion(request), LIMITS);
  const now = await read(orders.calls, order.id);
  expect(now.returns).toMatchObject([
    { id: part.returnId, actorId: customer, reason: 'Too small' },
    { id: rest.returnId, actorId: operator, reason: 'Broken in transit' },
  ]);
  expect(now.history.at(-1)).toMatchObject({
    status: 'ORDER_STATUS_RETURNED',
    actorId: operator,
    note: 'Broken in transit',
    reason: '',
  });
});

test('parts that are completed at once make the order RETURNED once', async () => {
  const rounds = Array.from({ length: 10 }, async () => {
    const { order } = await shippedOrder();
    const parts = order.lines.map(({ productId, quantity }) => returning(order, { lines: [{ productId, quantity }] }));
    await Promise.all(parts.map((request) => orders.calls.requestReturn(request, LIMITS)));
    await Promise.all(parts.map((request) => orders.calls.completeReturn(completion(request), LIMITS)));
    expect(statuses(await read(orders.calls, order.id)).filter((status) => status === 'RETURNED')).toHaveLength(1);
  });
  await Promise.all(rounds);
});

test('a return that waited for the delivery is not dated before it', async () => {
  const { order } = await shippedOrder();
  await orders.sql('begin');
  await orders.sql('select from orders where id = $1 for update', [order.id]);
  const asking = orders.calls.requestReturn(returning(order), LIMITS);
  await eventually(waiting, (rows) => rows.length === 1);
  // Times are kept in milliseconds; the delivery is in a later one than the asking transaction began in.
  await orders.sql('select pg_sleep(0.005)');
  await orders.sql(
    `update orders set status = 'DELIVERED', delivered_at = clock_timestamp(), updated_at = clock_timestamp() where id = $1`,
    [order.id],
  );
  await orders.sql(
    `insert into order_history (order_id, previous_status, status, at) values ($1, 'SHIPPED', 'DELIVERED', clock_timestamp())`,
    [order.id],
  );
  await orders.sql('commit');
  await asking;
  const { returns, shipment, updatedAt } = await read(orders.calls, order.id);
  expect(returns[0]?.requestedAt?.getTime()).toBeGreaterThanOrEqual(shipment?.deliveredAt?.getTime() ?? Number.NaN);
  expect(updatedAt).toEqual(returns[0]?.requestedAt);
});

test('a return of another order, or one that is unknown, cannot be completed', async () => {
  const [one, other] = [await shippedOrder(), await shippedOrder()];
  const request = returning(one.order);
  await orders.calls.requestReturn(request, LIMITS);
  const foreign = { ...completion(request), idempotencyKey: randomUUID(), orderId: other.order.id };
  expect(await refusal(orders.calls.completeReturn(foreign, LIMITS))).toMatchObject({ code: 'NOT_FOUND' });
  const returnId = randomUUID();
  const unknown = { idempotencyKey: returnKey(one.order.id, returnId, 'complete'), orderId: one.order.id, returnId };
  expect(await refusal(orders.calls.completeReturn(unknown, LIMITS))).toMatchObject({ code: 'NOT_FOUND' });
});

test('the database refuses to change or forget a return', async () => {
  const { order } = await shippedOrder();
  const { returnId } = await comeBack(orders.calls, order);
  for (const change of [
    'update returns set refund_minor = 0 where id = $1',
    'update returns set completed_at = null where id = $1',
    'delete from returns where id = $1',
    'update return_lines set quantity = 1 where return_id = $1',
    'delete from return_lines where return_id = $1',
  ]) {
    await expect(orders.sql(change, [returnId])).rejects.toMatchObject({ code: '23001' });
  }
});
