/** Keys at the services: what is kept for how long, read by whom, and what holds when a record is lost. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { stepKey, undoKey } from '../../contracts/ids.ts';
import { ReserveInventoryResponse } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { PaymentProvider } from '../../services/payments/domain/provider.ts';
import { insist } from '../../testkit/insist.ts';
import { type OrdersFixture, openOrders, submission } from './orders-fixture.ts';
import { around, pauseAt } from './payments-disturbed.ts';
import { CHARGED, failure, openPayments, type PaymentsFixture, payment, read, refundOf, undoOf } from './payments-fixture.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  reservedOrder,
  stockOf,
} from './products-fixture.ts';

let stock: ProductsFixture;
let products: ProductCalls;
let money: PaymentsFixture;
let orders: OrdersFixture;

beforeAll(async () => {
  [stock, money, orders] = await Promise.all([openProducts(), openPayments(), openOrders()]);
  products = await stock.start();
});
afterEach(async () => expect(await disagreements(stock)).toEqual([]));
afterAll(() => Promise.all([stock.close(), money.close(), orders.close()]));

test.each([
  ['I09 SQL', "';drop/**/table/**/idempotency;--"],
  ['I09 a name that every object has', '__proto__'],
  ['I09 a placeholder', '$1'],
  ['I09 a pattern', '%_\\'],
])('%s in a key is text like any other', async (_, key) => {
  const request = submission({ idempotencyKey: key });
  const first = await orders.calls.submitOrder(request, LIMITS);
  const again = await orders.calls.submitOrder(request, LIMITS);
  expect([first.replayed, again.replayed]).toEqual([false, true]);
  expect(again.order).toEqual(first.order);
  const kept = await orders.sql('select from idempotency where key like $1', [`%${request.userId}%`]);
  expect(kept).toHaveLength(1);
});

test('I17 an answer that an older or a newer version stored is read: a field that is not there is empty, one too many is none', async () => {
  const { id } = await createProduct(products);
  const { reserve } = await reservedOrder(products, { productId: id, quantity: 1 });
  const answer = await products.reserveInventory(reserve, LIMITS);
  const store = (bytes: Uint8Array) =>
    stock.sql('update idempotency set response = $2 where key = $1', [reserve.idempotencyKey, Buffer.from(bytes)]);

  // Field 100, a text that only a newer version knows.
  const newer = Buffer.concat([
    ReserveInventoryResponse.encode(answer).finish(),
    Buffer.from([0xa2, 0x06, 3, ...Buffer.from('new')]),
  ]);
  await store(newer);
  expect(await products.reserveInventory(reserve, LIMITS)).toEqual(answer);

  // The version before expires_at.
  await store(ReserveInventoryResponse.encode({ lines: answer.lines, expiresAt: undefined }).finish());
  expect(await products.reserveInventory(reserve, LIMITS)).toEqual({ lines: answer.lines, expiresAt: undefined });
});

test('I43 the provider is asked under one key by every attempt and every process, and no key is made of anything but the order', async () => {
  const asked: string[] = [];
  const noting = (real: PaymentProvider): PaymentProvider => ({
    ...real,
    charge(request) {
      asked.push(request.key);
      return real.charge(request);
    },
  });
  let crashes = 2;
  const crashing = around(async (call, moment) => {
    if (call === 'charge' && moment === 'after' && crashes-- > 0) throw new Error('The process died here');
  });
  const [first, second] = [await money.start((real) => noting(crashing(real))), await money.start(noting)];
  const request = payment();
  for (const service of [first, first, second]) {
    await insist(() => service.processPayment(request, LIMITS), { again: ['ABORTED'] }).catch(() => undefined);
  }
  expect(asked).toEqual(Array(3).fill(request.idempotencyKey));
  expect(await money.entriesOf(request.orderId)).toEqual(CHARGED);

  const steps = ['reserve', 'create', 'pay', 'confirm-stock', 'confirm-order'] as const;
  const keys = steps.flatMap((step) => [stepKey('o', step), undoKey('o', step)]);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toEqual(steps.flatMap((step) => [`saga:o:${step}`, `saga:o:compensate:${step}`]));
});

test('I45 an outcome that is learned another way before the provider has answered is recorded once', async () => {
  const pause = pauseAt('charge', 'after');
  const [waiting, other] = [await money.start(pause.disturb), await money.start()];
  const request = payment();
  const charging = waiting.processPayment(request, LIMITS);
  await pause.arrived;
  expect(await other.refundPayment(refundOf(request, 600), LIMITS)).toEqual({ refundedMinor: 600 });
  pause.letGo();

  const { paymentId } = await charging;
  expect(await read(other, request.orderId)).toMatchObject({ id: paymentId, refundedMinor: 600 });
  expect(await money.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 600]]);
});

/** Ten years later: longer than any workflow retries. */
const AGE = `update idempotency set created_at = created_at - interval '10 years', completed_at = completed_at - interval '10 years',
  locked_until = locked_until - interval '10 years'`;

test('I46 I48 nothing clears records away: after years a key is still answered, and what is at work still is', async () => {
  const { id } = await createProduct(products);
  const { reserve } = await reservedOrder(products, { productId: id, quantity: 1 });
  const answer = await products.reserveInventory(reserve, LIMITS);
  const service = await money.start((real) => ({ ...real, charge: () => Promise.reject(new Error('The process died here')) }));
  const [done, atWork] = [payment(), payment()];
  const healthy = await money.start();
  const { paymentId } = await healthy.processPayment(done, LIMITS);
  await failure(service.processPayment(atWork, LIMITS));
  for (const { sql } of [stock, money]) await sql(AGE);

  await stock.stop();
  products = await stock.start();
  const laterMoney = await money.start();
  // The sweeper runs beside this; it is the only thing that ends anything by itself.
  expect(await products.reserveInventory(reserve, LIMITS)).toEqual(answer);
  expect(await laterMoney.processPayment(done, LIMITS)).toEqual({ paymentId });
  expect(await money.sql('select state from idempotency where key = $1', [atWork.idempotencyKey])).toEqual([
    { state: 'in_progress' },
  ]);
  await laterMoney.processPayment(atWork, LIMITS);
  expect(await money.entriesOf(atWork.orderId)).toEqual(CHARGED);
});

test('I47 without the record of its key a charge, a refund and a reserve still happen once', async () => {
  const service = await money.start();
  const { id } = await createProduct(products, { stockQuantity: 5 });
  const order = await reservedOrder(products, { productId: id, quantity: 2 });
  const request = payment();
  const { paymentId } = await service.processPayment(request, LIMITS);
  for (const { sql } of [stock, money]) await sql('delete from idempotency');

  expect(await service.processPayment(request, LIMITS)).toEqual({ paymentId });
  expect(await money.entriesOf(request.orderId)).toEqual(CHARGED);
  expect(await failure(products.reserveInventory(order.reserve, LIMITS))).toMatchObject({ reason: 'illegal_transition' });
  expect(await stockOf(products, id)).toMatchObject({ reserved: 2 });

  expect(await service.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
  await money.sql('delete from idempotency');
  expect(await service.refundPayment(undoOf(request), LIMITS)).toEqual({ refundedMinor: 2_599 });
  expect(await money.entriesOf(request.orderId)).toEqual([...CHARGED, ['refund', 2_599]]);
  expect(await products.releaseInventory(orderOf().release, LIMITS)).toEqual({ released: false });
});

test('I54 a reserve that is repeated after its release stays released, also when it is repeated at another instance', async () => {
  const [first, second] = [await stock.start(), await stock.start()];
  const { id } = await createProduct(first);
  const { reserve, release } = await reservedOrder(first, { productId: id, quantity: 1 });
  await second.releaseInventory({ ...release, idempotencyKey: randomUUID() }, LIMITS);
  for (const products of [first, second]) {
    expect(await failure(products.reserveInventory(reserve, LIMITS))).toMatchObject({ reason: 'order_cancelled' });
  }
  expect(await stockOf(first, id)).toEqual({ stock: 10, reserved: 0, available: 10 });
});
