import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Effect, EffectsPage } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  comeBack,
  LIMITS,
  type OrdersFixture,
  openOrders,
  read,
  returning,
  shipped,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
let sent: Order;
let dropped: Order;
let returned: Order;

beforeAll(async () => {
  orders = await openOrders();
  sent = await shipped(orders.calls);
  const order = await submitted(orders.calls);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  dropped = await read(orders.calls, order.id);
  const { id, lines } = await shipped(orders.calls);
  // In parts; the second one is on its way.
  await comeBack(orders.calls, { id }, [{ productId: lines[0]?.productId ?? '', quantity: 1 }]);
  await orders.calls.requestReturn(returning({ id }), LIMITS);
  returned = await read(orders.calls, id);
});
afterAll(() => orders.close());

function list(page: Partial<EffectsPage> = {}) {
  return orders.calls.listEffects({ page: { since: undefined, pageSize: 0, cursor: '', ...page } }, LIMITS);
}

async function pages(pageSize: number, since?: Date): Promise<Effect[][]> {
  const all: Effect[][] = [];
  let cursor = '';
  do {
    const { effects, nextCursor } = await list({ pageSize, cursor, since });
    all.push(effects);
    cursor = nextCursor;
  } while (cursor !== '');
  return all;
}

test('every status change of every order, and every step of a return, is an effect, oldest first, with its user and amount', async () => {
  const { effects, nextCursor } = await list();
  const of = (order: Order) =>
    order.history.map(({ status, at }) => ({
      sequence: expect.any(Number),
      kind: status.replace('ORDER_STATUS_', ''),
      orderId: order.id,
      userId: order.userId,
      reference: status === 'ORDER_STATUS_PAID' || status === 'ORDER_STATUS_SHIPPED' ? order.paymentId : '',
      amount: order.totals?.total,
      at,
    }));
  const [back, underway] = returned.returns;
  const ofReturn = (step: string, one = back, at = one?.requestedAt) => ({
    sequence: expect.any(Number),
    kind: `return_${step}`,
    orderId: returned.id,
    userId: returned.userId,
    reference: one?.id,
    amount: one?.refund,
    at,
  });
  expect(effects).toEqual([
    ...of(sent),
    ...of(dropped),
    ...of(returned),
    ofReturn('requested'),
    ofReturn('completed', back, back?.completedAt),
    ofReturn('requested', underway),
  ]);
  expect(nextCursor).toBe('');
  const sequences = effects.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
});

test('no request page is the first page', async () => {
  expect(await orders.calls.listEffects({ page: undefined }, LIMITS)).toEqual(await list());
});

test.each([1, 2, 3, 7, 8, 15])('pages of %s give each effect once, also those of one instant', async (size) => {
  const { effects } = await list();
  const all = await pages(size);
  expect(all.flat()).toEqual(effects);
  expect(all.every((page) => page.length <= size && page.length > 0)).toBe(true);
});

test('since a time there is what happened then and later', async () => {
  const { effects } = await list();
  const since = dropped.createdAt;
  const later = effects.filter(({ at }) => at && since && at >= since);
  expect(later.length).toBeGreaterThanOrEqual(10);
  expect((await pages(1, since)).flat()).toEqual(later);
  expect((await list({ since: new Date(Date.now() + 60_000) })).effects).toEqual([]);
});

test.each([
  ['a cursor that nobody gave', { cursor: 'nonsense' }, 'page.cursor'],
  ['an altered cursor', { cursor: 'A'.repeat(32) }, 'page.cursor'],
  ['a long cursor', { cursor: 'A'.repeat(101) }, 'page.cursor'],
  ['a page of 1001', { pageSize: 1_001 }, 'page.pageSize'],
  ['a page of -1', { pageSize: -1 }, 'page.pageSize'],
])('%s is an invalid argument', async (_, page, field) => {
  expect(await refusal(list(page))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('an order that comes back whole is RETURNED after its return, in one instant', async () => {
  const order = await shipped(orders.calls);
  await comeBack(orders.calls, order);
  const kinds = (await pages(1)).flat().filter(({ orderId }) => orderId === order.id);
  expect(kinds.map(({ kind }) => kind).slice(-3)).toEqual(['return_requested', 'return_completed', 'RETURNED']);
});
