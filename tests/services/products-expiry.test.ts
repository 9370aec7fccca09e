/** What an expired hold is good for: nothing any more, and it ends by the database's clock alone. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { ENTITIES } from '../../services/products/entity.ts';
import { MIGRATIONS } from '../../services/products/migrations/index.ts';
import { createReservations, type Reservations } from '../../services/products/reservations.ts';
import { createProducts } from '../../services/products/service.ts';
import { sweep } from '../../services/products/sweeper.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  disagreements,
  openProducts,
  orderOf,
  type ProductsFixture,
  productOf,
  productRequest,
  runOut,
  stateOf,
} from './products-fixture.ts';

const logger = createLogger('test', 'fatal');

let fixture: ProductsFixture;
let database: Database;
/** The use cases without a service around them: nothing sweeps here unless a test does. */
let reservations: Reservations;

beforeAll(async () => {
  fixture = await openProducts();
  database = await openDatabase({ url: fixture.url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  reservations = createReservations(database, { ttlMs: 900_000 });
});
afterEach(async () => {
  jest.useRealTimers();
  expect(await disagreements(fixture)).toEqual([]);
});
afterAll(async () => {
  await database.close();
  await fixture.close();
});

async function productWith(stockQuantity: number): Promise<string> {
  const fields = { sku: `sku-${Math.random()}`, name: 'Robot', description: '', category: '', priceMinor: 1, currency: 'EUR' };
  return productOf(await createProducts(database).create(productRequest(), { ...fields, stockQuantity })).id;
}

async function held(productId: string) {
  const order = orderOf({ productId, quantity: 1 });
  await reservations.reserve(order.reserve, order.reserve.lines);
  return order;
}

test('E4 a unit that expired and was sold to another is not confirmed or shipped by the first', async () => {
  const id = await productWith(1);
  const first = await held(id);
  await runOut(fixture, first.orderId);
  expect(await sweep(database)).toBe(1);
  const second = await held(id);

  expect(await refusal(reservations.confirm(first.confirm))).toMatchObject({ reason: 'hold_expired' });
  expect(await refusal(reservations.commit(first.commit))).toMatchObject({ reason: 'illegal_transition' });
  await reservations.confirm(second.confirm);
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
    expect(await sweep(database)).toBe(0);
    await reservations.confirm(kept.confirm);

    await runOut(fixture, lost.orderId);
    expect(await refusal(reservations.confirm(lost.confirm))).toMatchObject({ reason: 'hold_expired' });
    expect(await sweep(database)).toBe(1);
  },
);

test('E9 a shopper who orders again takes nothing from the own first order while that can still be paid', async () => {
  const id = await productWith(1);
  const first = await held(id);
  expect(await refusal(held(id))).toMatchObject({ reason: 'insufficient_stock' });
  await reservations.release(first.release);

  const again = await held(id);
  expect(await refusal(reservations.confirm(first.confirm))).toMatchObject({ reason: 'hold_expired' });
  await reservations.confirm(again.confirm);
});
