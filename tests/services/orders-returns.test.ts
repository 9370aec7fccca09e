import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { returnKey } from '../../contracts/ids.ts';
import { refusal } from '../support/refusal.ts';
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
  const asked = await Promise.allSettled(
    Array.from({ length: 50 }, () => orders.calls.requestReturn(returning(order, { lines }), LIMITS)),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
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
