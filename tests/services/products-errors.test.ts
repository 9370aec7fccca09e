import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { type Line, ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import {
  createProduct,
  LIMITS,
  openProducts,
  orderOf,
  type ProductCalls,
  type ProductsFixture,
  productRequest,
} from './products-fixture.ts';

const NOTHING = randomUUID();

let fixture: ProductsFixture;
let products: ProductCalls;

beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

const adjust = (productId: string, delta: number) =>
  products.adjustStock({ idempotencyKey: randomUUID(), productId, delta, reason: 'counted' }, LIMITS);
const change = (productId: string, active?: boolean) =>
  products.updateProduct(
    {
      ...{ idempotencyKey: randomUUID(), productId, active },
      ...{ name: undefined, description: undefined, category: undefined, price: undefined },
    },
    LIMITS,
  );
const reserve = (...lines: Line[]) => products.reserveInventory(orderOf(...lines).reserve, LIMITS);

const unknownProduct = (call: () => Promise<unknown>) => async () => ({ call, facts: { product_id: NOTHING } });

const ROWS: readonly ErrorRow<ProductCalls>[] = [
  {
    rpc: 'getProduct',
    when: 'there is no such product',
    given: unknownProduct(() => products.getProduct({ productId: NOTHING }, LIMITS)),
    code: 'NOT_FOUND',
    reason: 'product_unknown',
  },
  tamperedCursor('searchProducts', 'cursor', () =>
    products.searchProducts({ query: '', category: '', pageSize: 0, cursor: 'tampered', includeTotalCount: false }, LIMITS),
  ),
  {
    rpc: 'createProduct',
    when: 'another product has the SKU',
    given: async () => {
      const { sku } = await createProduct(products);
      return { call: () => products.createProduct(productRequest({ sku }), LIMITS) };
    },
    code: 'ALREADY_EXISTS',
    reason: 'validation_failed',
    fields: ['sku'],
  },
  {
    rpc: 'createProduct',
    when: 'the key was used for another product',
    given: async () => {
      const request = productRequest();
      await products.createProduct(request, LIMITS);
      const call = () => products.createProduct({ ...request, name: 'Blue robot' }, LIMITS);
      return { call, facts: { key: request.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  },
  {
    rpc: 'updateProduct',
    when: 'there is no such product',
    given: unknownProduct(() => change(NOTHING)),
    code: 'NOT_FOUND',
    reason: 'product_unknown',
  },
  {
    rpc: 'adjustStock',
    when: 'there is no such product',
    given: unknownProduct(() => adjust(NOTHING, 1)),
    code: 'NOT_FOUND',
    reason: 'product_unknown',
  },
  {
    rpc: 'adjustStock',
    when: 'less would be left than is reserved',
    given: async () => {
      const { id } = await createProduct(products, { stockQuantity: 10 });
      await reserve({ productId: id, quantity: 7 });
      const facts = { product_id: id, requested_quantity: '4', available_quantity: '3' };
      return { call: () => adjust(id, -4), facts };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'insufficient_stock',
  },
  {
    rpc: 'adjustStock',
    when: 'more would be there than can be',
    given: async () => {
      const { id } = await createProduct(products, { stockQuantity: 1_000_000_000 });
      return { call: () => adjust(id, 1), facts: { product_id: id } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    fields: ['delta'],
  },
  tamperedCursor('listEffects', 'page.cursor', () =>
    products.listEffects({ page: { since: undefined, pageSize: 0, cursor: 'tampered' } }, LIMITS),
  ),
];

testErrors(ROWS);

testEmptyRequests(ProductsServiceService, () => products, {
  getProduct: ['productId'],
  getProducts: [],
  searchProducts: [],
  createProduct: ['idempotencyKey', 'sku', 'name', 'price'],
  adjustStock: ['idempotencyKey', 'productId', 'delta', 'reason'],
  reserveInventory: ['idempotencyKey', 'orderId', 'lines', 'pricesAsOf'],
  // Both keys are empty, so they are the same as well.
  releaseInventory: ['idempotencyKey', 'orderId', 'undoesKey', 'undoesKey'],
  confirmReservation: ['idempotencyKey', 'orderId'],
  updateProduct: ['idempotencyKey', 'productId'],
  checkAvailability: [],
  commitReservation: ['idempotencyKey', 'orderId'],
  restockReturn: ['idempotencyKey', 'orderId', 'returnId', 'lines'],
  audit: [],
  listEffects: [],
});

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [products.getProduct({ productId: NOTHING }, LIMITS), reserve({ productId: NOTHING, quantity: 1 }), adjust(NOTHING, 1)],
);
