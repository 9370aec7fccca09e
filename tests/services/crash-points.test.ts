/** kill -9 of a service's process at each moment of a call: repeated until it has an answer, the call has one effect. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { insist } from '../../testkit/insist.ts';
import { CHARGED, failure, openPayments, type PaymentsFixture, payment } from './payments-fixture.ts';
import type { Fate } from './processes/fate.ts';
import { launchService } from './processes/launch.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  reservedOrder,
  runOut,
  stateOf,
  stockOf,
} from './products-fixture.ts';

let stock: ProductsFixture;
let products: ProductCalls;
let money: PaymentsFixture;

beforeAll(async () => {
  [stock, money] = await Promise.all([openProducts(), openPayments()]);
  products = await stock.start();
});
afterEach(async () => expect(await disagreements(stock)).toEqual([]));
afterAll(() => Promise.all([stock.close(), money.close()]));

function fatedProducts(fate: Fate) {
  const env = { PRODUCTS_PORT: '0', PRODUCTS_HTTP_PORT: '0', PRODUCTS_DATABASE_URL: stock.url };
  return launchService({ entry: 'products.ts', definition: ProductsServiceService, env, fate });
}

function fatedPayments(fate: Fate) {
  const { url: PROVIDER_URL } = money.provider;
  const env = { PAYMENTS_PORT: '0', PAYMENTS_HTTP_PORT: '0', PAYMENTS_DATABASE_URL: money.url, PROVIDER_URL };
  return launchService({ entry: 'payments.ts', definition: PaymentsServiceService, env, fate });
}

test.each([
  ['I33 after the claim, which is not committed', 'after the claim', 0],
  ['I35 inside the transaction of the effect', 'after the effect', 0],
  ['I35 with everything written and nothing committed', 'after the answer is stored', 0],
  ['I37 after the commit, before the answer is sent', 'after the commit', 1],
] as const)('%s: a release that is repeated gives back once', async (_, at, left) => {
  const { id } = await createProduct(products, { stockQuantity: 5 });
  const { orderId, release } = await reservedOrder(products, { productId: id, quantity: 2 });
  const dying = await fatedProducts({ at, signal: 'SIGKILL' });
  expect(await failure(dying.calls.releaseInventory(release, LIMITS))).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await dying.exited).toEqual([null, 'SIGKILL']);
  await dying.kill();
  // What outlived the process: all of it or nothing.
  const kept = await stock.sql('select state from idempotency where key = $1', [release.idempotencyKey]);
  expect(kept).toHaveLength(left);

  expect(await products.releaseInventory(release, LIMITS)).toEqual({ released: true });
  expect(await products.releaseInventory(release, LIMITS)).toEqual({ released: true });
  expect(await stockOf(products, id)).toEqual({ stock: 5, reserved: 0, available: 5 });
  expect(await stock.sql('select kind from stock_movements where order_id = $1', [orderId])).toEqual([
    { kind: 'reserve' },
    { kind: 'release' },
  ]);
});

test.each([
  ['I33 before its statement is sent', 'before the reserve', 0],
  ['I37 after its statement, before the answer is sent', 'after the reserve', 1],
] as const)('%s: a reserve that is repeated reserves once', async (_, at, left) => {
  const { id } = await createProduct(products, { stockQuantity: 5 });
  const { reserve } = orderOf({ productId: id, quantity: 2 });
  const dying = await fatedProducts({ at, signal: 'SIGKILL' });
  expect(await failure(dying.calls.reserveInventory(reserve, LIMITS))).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await dying.exited).toEqual([null, 'SIGKILL']);
  await dying.kill();
  // What outlived the process: all of it or nothing.
  const kept = await stock.sql('select state from idempotency where key = $1', [reserve.idempotencyKey]);
  expect(kept).toHaveLength(left);

  const answer = await products.reserveInventory(reserve, LIMITS);
  expect(await products.reserveInventory(reserve, LIMITS)).toEqual(answer);
  expect(await stockOf(products, id)).toEqual({ stock: 5, reserved: 2, available: 3 });
  expect(await stock.sql('select kind from stock_movements where order_id = $1', [reserve.orderId])).toEqual([
    { kind: 'reserve' },
  ]);
});

test.each([
  ['I34 after the claim, before the provider is asked', 'charge before', []],
  ['I36 after the provider has charged, before its answer is stored', 'charge after', CHARGED],
] as const)('%s: a charge that is repeated charges once', async (_, at, entries) => {
  const service = await money.start();
  const dying = await fatedPayments({ at, signal: 'SIGKILL' });
  const request = payment();
  expect(await failure(dying.calls.processPayment(request, LIMITS))).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await dying.exited).toEqual([null, 'SIGKILL']);
  await dying.kill();
  expect(await money.entriesOf(request.orderId)).toEqual(entries);
  expect(await failure(service.processPayment(request, LIMITS))).toMatchObject({ code: 'ABORTED' });

  await money.expireLeases();
  const { paymentId } = await insist(() => service.processPayment(request, LIMITS));
  expect(await service.processPayment(request, LIMITS)).toEqual({ paymentId });
  expect(await money.entriesOf(request.orderId)).toEqual(CHARGED);
  expect(await money.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
});

test('I40 a process that was stopped while it charged and goes on after it was taken over settles nothing', async () => {
  const service = await money.start();
  const stopped = await fatedPayments({ at: 'charge after', signal: 'SIGSTOP' });
  const request = payment();
  const late = failure(stopped.calls.processPayment(request, LIMITS));
  await stopped.met;
  await money.expireLeases();
  const { paymentId } = await insist(() => service.processPayment(request, LIMITS));

  stopped.continue();
  expect(await late).toMatchObject({ code: 'ABORTED' });
  await stopped.kill();
  expect(await service.processPayment(request, LIMITS)).toEqual({ paymentId });
  expect(await money.entriesOf(request.orderId)).toEqual(CHARGED);
  expect(await money.history(request.orderId)).toEqual(['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED']);
});

test.each(['holds have ended', 'their stock is given back'])(
  'E5 a sweeper that is killed when %s, uncommitted, gives back nothing twice and nothing never',
  async (at) => {
    await stock.stop();
    const starting = await fatedProducts({ at: 'nowhere', signal: 'SIGKILL' });
    const { id } = await createProduct(starting.calls, { stockQuantity: 5 });
    const { orderId } = await reservedOrder(starting.calls, { productId: id, quantity: 3 });
    await starting.kill();
    await runOut(stock, orderId);

    const dying = await fatedProducts({ at, signal: 'SIGKILL' });
    expect(await dying.exited).toEqual([null, 'SIGKILL']);
    await dying.kill();
    expect(await stateOf(stock, orderId)).toBe('held');

    products = await stock.start();
    await stock.swept(orderId);
    expect(await stockOf(products, id)).toEqual({ stock: 5, reserved: 0, available: 5 });
    expect(await stock.sql('select kind from stock_movements where order_id = $1', [orderId])).toEqual([
      { kind: 'reserve' },
      { kind: 'expire' },
    ]);
  },
);
