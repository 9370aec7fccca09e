import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { Line } from '../../proto/gen/shopfast/products/v1/products.ts';
import { type ErrorRow, testErrors } from './error-table.ts';
import {
  createProduct,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  reservedOrder,
  runOut,
} from './products-fixture.ts';

const NOTHING = randomUUID();

let fixture: ProductsFixture;
let products: ProductCalls;

beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

const reserve = (...lines: Line[]) => products.reserveInventory(orderOf(...lines).reserve, LIMITS);

/** An order with one unit of a product of its own. */
async function oneUnit(make: typeof paidOrder) {
  const { id } = await createProduct(products);
  return make(products, { productId: id, quantity: 1 });
}

const ROWS: readonly ErrorRow<ProductCalls>[] = [
  {
    rpc: 'reserveInventory',
    when: 'there is no such product',
    given: async () => ({ call: () => reserve({ productId: NOTHING, quantity: 1 }), facts: { product_id: NOTHING } }),
    code: 'NOT_FOUND',
    reason: 'product_unknown',
  },
  {
    rpc: 'reserveInventory',
    when: 'the product is not for sale',
    given: async () => {
      const { id } = await createProduct(products);
      await fixture.sql('update products set active = false where id = $1', [id]);
      return { call: () => reserve({ productId: id, quantity: 1 }), facts: { product_id: id } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'product_inactive',
  },
  {
    rpc: 'reserveInventory',
    when: 'too few are available',
    given: async () => {
      const { id } = await createProduct(products, { stockQuantity: 5 });
      await reserve({ productId: id, quantity: 3 });
      const facts = { product_id: id, requested_quantity: '4', available_quantity: '2' };
      return { call: () => reserve({ productId: id, quantity: 4 }), facts };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'insufficient_stock',
  },
  {
    rpc: 'reserveInventory',
    when: 'the products are priced in two currencies',
    given: async () => {
      const euro = await createProduct(products);
      const dollar = await createProduct(products, { price: { amountMinor: 100, currency: 'USD' } });
      const lines = [euro, dollar].map(({ id }) => ({ productId: id, quantity: 1 }));
      return { call: () => reserve(...lines), facts: { currencies: 'EUR,USD' } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    fields: ['lines'],
  },
  {
    rpc: 'reserveInventory',
    when: 'the order has a reservation under another key',
    given: async () => {
      const { reserve: request, orderId } = await oneUnit(reservedOrder);
      const call = () => products.reserveInventory({ ...request, idempotencyKey: randomUUID() }, LIMITS);
      return { call, facts: { order_id: orderId } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
  },
  {
    rpc: 'reserveInventory',
    when: 'it was undone before it arrived',
    given: async () => {
      const { id } = await createProduct(products);
      const order = orderOf({ productId: id, quantity: 1 });
      await products.releaseInventory(order.release, LIMITS);
      const call = () => products.reserveInventory(order.reserve, LIMITS);
      return { call, facts: { key: order.reserve.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  },
  {
    rpc: 'releaseInventory',
    when: 'the stock has left the building',
    given: async () => {
      const { orderId, release, commit } = await oneUnit(paidOrder);
      await products.commitReservation(commit, LIMITS);
      const facts = { order_id: orderId, current_status: 'committed', attempted_status: 'released' };
      return { call: () => products.releaseInventory(release, LIMITS), facts };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
  },
  {
    rpc: 'confirmReservation',
    when: 'nothing was reserved',
    given: async () => {
      const { orderId, confirm } = orderOf();
      return { call: () => products.confirmReservation(confirm, LIMITS), facts: { order_id: orderId, state: 'absent' } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
  },
  {
    rpc: 'confirmReservation',
    when: 'the hold ran out',
    given: async () => {
      const { orderId, confirm } = await oneUnit(reservedOrder);
      await runOut(fixture, orderId);
      return { call: () => products.confirmReservation(confirm, LIMITS), facts: { order_id: orderId, state: 'expired' } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
  },
  {
    rpc: 'commitReservation',
    when: 'the order is not paid',
    given: async () => {
      const { orderId, commit } = await oneUnit(reservedOrder);
      const facts = { order_id: orderId, current_status: 'held', attempted_status: 'committed' };
      return { call: () => products.commitReservation(commit, LIMITS), facts };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
  },
];

testErrors(ROWS);
