/** What an expired hold is good for: nothing any more, and it ends by the database's clock alone. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import {
  disagreements,
  openProducts,
  openWithoutService,
  orderOf,
  type ProductsFixture,
  type ProductsWithoutService,
  productOf,
  productRequest,
  runOut,
  stateOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
/** Nothing sweeps here unless a test does. */
let products: ProductsWithoutService;

beforeAll(async () => {
  fixture = await openProducts();
  products = await openWithoutService(fixture);
});
afterEach(async () => {
  jest.useRealTimers();
  expect(await disagreements(fixture)).toEqual([]);
});
afterAll(async () => {
  await products.close();
  await fixture.close();
});

async function productWith(stockQuantity: number): Promise<string> {
  return productOf(await products.handlers.createProduct(productRequest({ stockQuantity }))).id;
}

async function held(productId: string) {
  const order = orderOf({ productId, quantity: 1 });
  await products.handlers.reserveInventory(order.reserve);
  return order;
}

test('E4 a unit that expired and was sold to another is not confirmed or shipped by the first', async () => {
  const id = await productWith(1);
  const first = await held(id);
  await runOut(fixture, first.orderId);
  expect(await products.sweep()).toBe(1);
  const second = await held(id);

  expect(await refusal(products.handlers.confirmReservation(first.confirm))).toMatchObject({ reason: 'hold_expired' });
  expect(await refusal(products.handlers.commitReservation(first.commit))).toMatchObject({ reason: 'illegal_transition' });
  await products.handlers.confirmReservation(second.confirm);
  expect([await stateOf(fixture, first.orderId), await stateOf(fixture, second.orderId)]).toEqual(['expired', 'confirmed']);
});

// What a lookup of the time needs, and nothing that waits.
const CLOCK_ONLY = [
  ...(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const),
  ...(['nextTick', 'queueMicrotask', 'performance', 'hrtime'] as const),
];

test.each([-3_600_000, 3_600_000])(
  'E6 an application clock that is %i ms off neither ends a hold nor keeps one',
  async (offMs) => {
    jest.useFakeTimers({ now: Date.now() + offMs, doNotFake: CLOCK_ONLY });
    const id = await productWith(2);
    const [kept, lost] = [await held(id), await held(id)];
    const [row] = await fixture.sql<{ seconds: number }>(
      'select round(extract(epoch from expires_at - now()))::integer as seconds from reservations where order_id = $1',
      [kept.orderId],
    );
    expect(row?.seconds).toBeGreaterThan(890);
    expect(row?.seconds).toBeLessThanOrEqual(900);
    expect(await products.sweep()).toBe(0);
    await products.handlers.confirmReservation(kept.confirm);

    await runOut(fixture, lost.orderId);
    expect(await refusal(products.handlers.confirmReservation(lost.confirm))).toMatchObject({ reason: 'hold_expired' });
    expect(await products.sweep()).toBe(1);
  },
);

test('E9 a shopper who orders again takes nothing from the own first order while that can still be paid', async () => {
  const id = await productWith(1);
  const first = await held(id);
  expect(await refusal(held(id))).toMatchObject({ reason: 'insufficient_stock' });
  await products.handlers.releaseInventory(first.release);

  const again = await held(id);
  expect(await refusal(products.handlers.confirmReservation(first.confirm))).toMatchObject({ reason: 'hold_expired' });
  await products.handlers.confirmReservation(again.confirm);
});
