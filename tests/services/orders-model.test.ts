import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRefusal } from '../../platform/idempotency/once.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { NEXT_STATUSES, ORDER_STATUSES, type OrderStatus } from '../../services/orders/domain/order-status.ts';
import {
  cancellation,
  completion,
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
  statuses,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

// Few keys, so that sequences repeat them as retries do; some meet a key that was used for something else.
const key = fc.constantFrom('first', 'second');
const anyCall = fc.oneof(
  fc.record({ call: fc.constant('create' as const), key, price: fc.constantFrom(0, 1, 999) }),
  fc.record({ call: fc.constant('confirm' as const), key }),
  fc.record({ call: fc.constant('cancel' as const), key, reason: fc.constantFrom('unavailable', 'hold_expired') }),
  fc.record({ call: fc.constant('ship' as const), key }),
  fc.record({ call: fc.constant('deliver' as const), key }),
  fc.record({ call: fc.constant('return' as const), key, all: fc.boolean() }),
);
type Call = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

// Few sequences would ship an order that they have to create and pay first.
const anyStart = fc.constantFrom(submitted, paid);

const paymentId = randomUUID();

/** One return per key. */
const returnIds = new Map<string, string>();
function returnIdOf(key: string): string {
  const id = returnIds.get(key) ?? randomUUID();
  returnIds.set(key, id);
  return id;
}

/** Carries out one call; true when it was answered, false when it was refused. Anything else is a fault and fails. */
async function answered(order: Order, given: Call): Promise<boolean> {
  const idempotencyKey = `${order.id}:${given.call}:${given.key}`;
  const run = async (): Promise<unknown> => {
    switch (given.call) {
      case 'create': {
        const lines = creation(order).lines.map((line) => ({
          ...line,
          unitPrice: { amountMinor: given.price, currency: 'EUR' },
        }));
        return orders.calls.createOrder(creation(order, { idempotencyKey, lines }), LIMITS);
      }
      case 'confirm':
        return orders.calls.confirmOrder(confirmation(order, { idempotencyKey, paymentId }), LIMITS);
      case 'cancel': {
        const undoesKey = `${order.id}:create:first`;
        return orders.calls.cancelOrder(cancellation(order, { idempotencyKey, undoesKey, reason: given.reason }), LIMITS);
      }
      case 'ship':
        return orders.calls.shipOrder(dispatch(order, { idempotencyKey }), LIMITS);
      case 'deliver':
        return orders.calls.deliverOrder(delivery(order, { idempotencyKey }), LIMITS);
      case 'return': {
        const lines = given.all ? [] : order.lines.slice(0, 1).map(({ productId }) => ({ productId, quantity: 1 }));
        const request = returning(order, { idempotencyKey, lines, returnId: returnIdOf(idempotencyKey), actorId: order.userId });
        await orders.calls.requestReturn(request, LIMITS);
        return orders.calls.completeReturn({ ...completion(request), idempotencyKey: `${idempotencyKey}:complete` }, LIMITS);
      }
    }
  };
  try {
    await run();
    return true;
  } catch (error: unknown) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

function isStatus(text: string): text is OrderStatus {
  return ORDER_STATUSES.some((status) => status === text);
}

/** Everything that holds of any order at any time. */
function expectSound(order: Order): void {
  const history = statuses(order).filter(isStatus);
  expect(history).toHaveLength(order.history.length);
  expect(history[0]).toBe('SUBMITTED');
  history.slice(1).forEach((status, index) => {
    expect(NEXT_STATUSES[history[index] ?? 'SUBMITTED']).toContain(status);
  });
  const times = order.history.map(({ at }) => at?.getTime() ?? Number.NaN);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(order.status).toBe(`ORDER_STATUS_${history.at(-1)}`);
  expect(order.paymentId !== '').toBe(history.includes('PAID'));
  expect(order.failure !== undefined).toBe(history.includes('CANCELLED'));
  expect(order.shipment !== undefined).toBe(history.includes('SHIPPED'));
  expect(order.shipment?.deliveredAt !== undefined).toBe(history.includes('DELIVERED'));
  expect(order.totals !== undefined).toBe(history.includes('CREATED'));
  if (!order.totals) return;
  const amount = (money: { amountMinor: number } | undefined) => money?.amountMinor ?? Number.NaN;
  const { subtotal, tax, shipping, total } = order.totals;
  expect(amount(total)).toBe(amount(subtotal) + amount(tax) + amount(shipping));
  expect(amount(subtotal)).toBe(order.lines.reduce((sum, line) => sum + amount(line.lineTotal), 0));
  for (const line of order.lines) expect(amount(line.lineTotal)).toBe(amount(line.unitPrice) * line.quantity);
}

test('no sequence of calls leaves the legal graph, rewrites the history or breaks the totals', async () => {
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(anyStart, fc.array(anyCall, { minLength: 1, maxLength: 8 }), async (start, sequence) => {
      let before = await start(orders.calls);
      for (const call of sequence) {
        const ok = await answered(before, call);
        const after = await read(orders.calls, before.id);
        expectSound(after);
        expect(after.history.slice(0, before.history.length)).toEqual(before.history);
        if (!ok) expect(after).toEqual(before);
        if (before.failure) expect(after).toEqual(before);
        reached.add(after.status);
        before = after;
      }
    }),
    { numRuns: 30 },
  );
  // Otherwise the sequences were too tame to prove anything.
  expect([...reached].toSorted()).toEqual(
    expect.arrayContaining(['ORDER_STATUS_CANCELLED', 'ORDER_STATUS_RESERVED', 'ORDER_STATUS_SHIPPED']),
  );
});

test('calls at the same time leave the legal graph no more than calls in turn', async () => {
  await fc.assert(
    fc.asyncProperty(anyStart, fc.array(anyCall, { minLength: 2, maxLength: 6 }), async (start, calls) => {
      const order = await start(orders.calls);
      await Promise.all(calls.map((call) => answered(order, call)));
      expectSound(await read(orders.calls, order.id));
    }),
    { numRuns: 15 },
  );
});
