/** The activity that makes two calls: what the second one has of the attempt's time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { createConfirmActivity } from '../../activities/confirm.ts';
import { createOrdersActivities } from '../../activities/orders.ts';
import { createProductsActivities } from '../../activities/products.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { Order, OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { runActivity } from './support/run-activity.ts';

const INPUT = { orderId: 'o', paymentId: 'pay', stockKey: 'k1', orderKey: 'k2' };
const EURO = { amountMinor: 100, currency: 'EUR' };
// Milliseconds that products takes.
const SLOW_MS = 50;

// Nobody listens there, and nobody is asked.
const products = createClient(ProductsServiceService, { target: '127.0.0.1:9' });
const orders = createClient(OrdersServiceService, { target: '127.0.0.1:9' });
afterAll(() => {
  products.close();
  orders.close();
});

/** One attempt: the deadlines of its calls, and the milliseconds that were over when the second one began. */
async function attempt(startToCloseTimeoutMs: number) {
  const deadlines: number[] = [];
  const beganMs = performance.now();
  let overMs = 0;
  const { confirmReservation } = createProductsActivities({
    calls: {
      ...products.calls,
      async confirmReservation(_, { deadlineMs }) {
        deadlines.push(deadlineMs);
        const sinceMs = performance.now();
        await sleep(SLOW_MS);
        overMs = performance.now() - sinceMs;
        return {};
      },
    },
  });
  const { confirmOrder } = createOrdersActivities({
    calls: {
      ...orders.calls,
      async confirmOrder(_, { deadlineMs }) {
        deadlines.push(deadlineMs);
        return { order: Order.fromPartial({ totals: { subtotal: EURO, tax: EURO, shipping: EURO, total: EURO } }) };
      },
    },
  });
  const { confirm } = createConfirmActivity({ confirmReservation, confirmOrder });
  await runActivity(() => confirm(INPUT), { startToCloseTimeoutMs });
  return { deadlines, overMs, allMs: performance.now() - beganMs };
}

test.each([2_000, 10_000])(
  'both calls of an attempt of %d ms end while the attempt can still say so',
  async (startToCloseTimeoutMs) => {
    const shareMs = startToCloseTimeoutMs * 0.8;

    // Each attempt has its time anew.
    for (const { deadlines, overMs, allMs } of [await attempt(startToCloseTimeoutMs), await attempt(startToCloseTimeoutMs)]) {
      expect(deadlines).toEqual([shareMs, expect.any(Number)]);
      expect(deadlines[1]).toBeLessThanOrEqual(shareMs - overMs);
      expect(deadlines[1]).toBeGreaterThanOrEqual(Math.floor(shareMs - allMs));
    }
  },
);

test('a second call for which nothing is left is too late at once', async () => {
  const { deadlines } = await attempt(SLOW_MS / 2);

  expect(deadlines).toEqual([(SLOW_MS / 2) * 0.8, 1]);
});
