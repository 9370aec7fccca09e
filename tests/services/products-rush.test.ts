/** Many buyers of few units, over gRPC: what there is is sold, exactly. The full size of this is `npm run bench:last-unit`. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { eventually } from '../../testkit/eventually.ts';
import { rush } from '../../testkit/load/rush.ts';
import { launchService, type ServiceProcess } from './processes/launch.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  type ProductCalls,
  type ProductsFixture,
  stockOf,
} from './products-fixture.ts';

let fixture: ProductsFixture;
let instances: readonly [ProductCalls, ProductCalls];
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  instances = await Promise.all([fixture.start(), fixture.start()]);
  [products] = instances;
});
afterEach(async () => expect(await disagreements(fixture)).toEqual([]));
afterAll(() => fixture.close());

let turn = 0;
function either() {
  turn += 1;
  return instances[turn % 2 === 0 ? 0 : 1].reserveInventory;
}

test.each([
  ['O1 300 buyers of 1 unit', 300, 1],
  ['O2 400 buyers of 20 units', 400, 20],
])('%s: exactly so many get one', async (_, buyers, units) => {
  const { id } = await createProduct(products, { stockQuantity: units });
  const { sold, refused } = await rush({ productId: id, buyers, atOnce: 50, reserve: either });
  expect({ sold, refused }).toEqual({ sold: units, refused: buyers - units });
  expect(await stockOf(products, id)).toEqual({ stock: units, reserved: units, available: 0 });
});

test('O7 what comes into stock during the rush is sold too, and no more', async () => {
  const { id } = await createProduct(products, { stockQuantity: 10 });
  let sold = 0;
  let delivered = 10;
  const buying = Array.from({ length: 10 }, async () => {
    while (sold < 50) {
      const outcome = await rush({ productId: id, buyers: 1, atOnce: 1, reserve: either });
      sold += outcome.sold;
      expect(sold).toBeLessThanOrEqual(delivered);
    }
  });
  for (let delivery = 0; delivery < 4; delivery += 1) {
    await eventually(
      async () => sold,
      (n) => n === delivered,
    );
    delivered += 10;
    const request = { idempotencyKey: randomUUID(), productId: id, delta: 10, reason: 'delivery' };
    await products.adjustStock(request, LIMITS);
  }
  await Promise.all(buying);
  expect(await stockOf(products, id)).toEqual({ stock: 50, reserved: 50, available: 0 });
});

test('O8 instances that are killed during the rush sell nothing twice and leave nothing unsold', async () => {
  const env = { PRODUCTS_PORT: '0', PRODUCTS_HTTP_PORT: '0', PRODUCTS_DATABASE_URL: fixture.url };
  const launch = () => launchService({ entry: 'products.ts', definition: ProductsServiceService, env });
  const running: ServiceProcess<typeof ProductsServiceService>[] = await Promise.all([launch(), launch(), launch(), launch()]);
  const { id } = await createProduct(products, { stockQuantity: 300 });
  const anyone = () => {
    turn += 1;
    const chosen = running[turn % running.length];
    if (!chosen) throw new Error('An instance was expected');
    return chosen.calls.reserveInventory;
  };
  const killed: Promise<void>[] = [];
  const { sold, refused, repeated } = await rush({
    productId: id,
    buyers: 600,
    atOnce: 20,
    reserve: anyone,
    // While units are left, at their end and after it; one instance stays.
    onAnswered(answered) {
      if (answered === 100 || answered === 300 || answered === 400) killed.push(running.shift()?.kill() ?? Promise.resolve());
    },
  });
  await Promise.all([...killed, ...running.map((one) => one.kill())]);
  expect({ sold, refused, kills: killed.length }).toEqual({ sold: 300, refused: 300, kills: 3 });
  expect(await stockOf(products, id)).toEqual({ stock: 300, reserved: 300, available: 0 });
  // Otherwise nobody was killed in the middle of anything.
  expect(repeated).toBeGreaterThan(0);
}, 120_000);
