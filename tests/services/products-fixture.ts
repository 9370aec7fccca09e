import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { returnKey, stepKey, undoKey } from '../../contracts/ids.ts';
import { evaluate } from '../../platform/audit/evaluate.ts';
import { loadConfig } from '../../platform/config/load.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { createClient, type GrpcClient, type UnaryCalls } from '../../platform/rpc/client.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import {
  type CreateProductRequest,
  type Line,
  type Product,
  ProductsServiceService,
} from '../../proto/gen/shopfast/products/v1/products.ts';
import { createHandler } from '../../services/products/api/handler.ts';
import { RULES } from '../../services/products/audit/rules.ts';
import { productsConfig } from '../../services/products/config.ts';
import { startProducts } from '../../services/products/server.ts';
import { listEffects } from '../../services/products/store/effects.ts';
import { ENTITIES, MIGRATIONS } from '../../services/products/store/orm.ts';
import { countProducts, searchProducts } from '../../services/products/store/search.ts';
import { stock } from '../../services/products/store/stock.ts';
import { sweep } from '../../services/products/sweeper.ts';
import { createDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';

export const LIMITS = { deadlineMs: 20_000 };

export type ProductsFixture = Awaited<ReturnType<typeof openProducts>>;
export type ProductCalls = UnaryCalls<typeof ProductsServiceService>;

/** A database for the products service, which `start` runs as often as asked, and a look into that database. */
export async function openProducts() {
  const database = await createDatabase('products');
  const pool = new pg.Pool({ connectionString: database.url, max: 4, application_name: 'test' });
  // Dropping the database may end a connection that the pool is still closing.
  pool.on('error', () => {});
  const started: { running: Running; client: GrpcClient<typeof ProductsServiceService> }[] = [];

  /** Stops the services and leaves the database. */
  async function stop(): Promise<void> {
    const ending = started.splice(0);
    for (const { client } of ending) client.close();
    await Promise.all(ending.map(({ running }) => running.stop()));
  }

  return {
    url: database.url,
    pool,
    async start(changes: Record<string, string> = {}): Promise<ProductCalls> {
      const running = await startProducts(
        loadConfig(productsConfig, {
          PRODUCTS_PORT: '0',
          PRODUCTS_HTTP_PORT: '0',
          PRODUCTS_DATABASE_URL: database.url,
          CURRENCIES: 'EUR,USD',
          LOG_LEVEL: 'fatal',
          ...changes,
        }),
      );
      const client = createClient(ProductsServiceService, { target: `127.0.0.1:${running.listening.grpc}` });
      started.push({ running, client });
      return client.calls;
    },
    sql: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
      (await pool.query<Row>(text, values)).rows,
    /** Waits until the service's sweeper has expired the order's hold. */
    swept: (orderId: string) =>
      eventually(
        async () => (await pool.query<{ state: string }>('select state from reservations where order_id = $1', [orderId])).rows,
        ([row]) => row?.state === 'expired',
      ),
    stop,
    takeDatabaseAway: database.takeAway,
    async close() {
      await stop();
      await pool.end();
      await database.drop();
    },
  };
}

export type ProductsWithoutService = Awaited<ReturnType<typeof openWithoutService>>;

/** The handlers on a database, without a service around them: nothing sweeps unless a test does. */
export async function openWithoutService({ url }: ProductsFixture) {
  const logger = createLogger('test', 'fatal');
  const database = await openDatabase({ url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  const handlers = createHandler({
    database,
    stock,
    holdMs: 900_000,
    currencies: ['EUR'],
    search: { products: searchProducts, count: countProducts },
    listEffects: (after, limit) => listEffects(database.sql, after, limit),
    audit: () => evaluate(database, RULES),
  });
  return {
    handlers,
    database,
    stock,
    logger,
    /** One batch of the sweeper: how many holds it expired. */
    sweep: () => sweep({ database, stock }),
    close: () => database.close(),
  };
}

/** What the ledger, the holds and the products' rows do not agree on, in one snapshot: nothing, always. */
export function disagreements({ sql }: ProductsFixture): Promise<object[]> {
  return sql(`
    select p.id, p.stock_quantity, m.stock, p.reserved_quantity, m.reserved, coalesce(h.held, 0) as held
    from products p
    left join (select product_id, sum(stock_delta) as stock, sum(reserved_delta) as reserved from stock_movements group by product_id) m
      on m.product_id = p.id
    left join (select product_id, sum(quantity) as held from reservation_lines join reservations using (order_id)
               where state in ('held', 'confirmed') group by product_id) h on h.product_id = p.id
    where p.stock_quantity is distinct from m.stock or p.reserved_quantity is distinct from m.reserved
       or p.reserved_quantity <> coalesce(h.held, 0)`);
}

export function productRequest(given: Partial<CreateProductRequest> = {}): CreateProductRequest {
  const sku = randomUUID();
  return {
    idempotencyKey: `create:${sku}`,
    sku,
    name: 'Red robot',
    description: '',
    category: 'toys',
    price: { amountMinor: 1_250, currency: 'EUR' },
    stockQuantity: 10,
    imageUrl: '',
    ...given,
  };
}

export async function createProduct(calls: ProductCalls, given: Partial<CreateProductRequest> = {}): Promise<Product> {
  return productOf(await calls.createProduct(productRequest(given), LIMITS));
}

export function productOf({ product }: { product: Product | undefined }): Product {
  if (!product) throw new Error('A product was expected');
  return product;
}

export async function stockOf(calls: ProductCalls, productId: string) {
  const { stockQuantity, reservedQuantity, availableQuantity } = productOf(await calls.getProduct({ productId }, LIMITS));
  return { stock: stockQuantity, reserved: reservedQuantity, available: availableQuantity };
}

/** The requests of one order's saga. */
export function orderOf(...lines: readonly Line[]) {
  const orderId = randomUUID();
  return {
    orderId,
    reserve: { idempotencyKey: stepKey(orderId, 'reserve'), orderId, lines: [...lines], pricesAsOf: new Date() },
    release: { idempotencyKey: undoKey(orderId, 'reserve'), orderId, undoesKey: stepKey(orderId, 'reserve') },
    confirm: { idempotencyKey: stepKey(orderId, 'confirm-stock'), orderId },
    commit: { idempotencyKey: `saga:${orderId}:commit`, orderId },
  };
}

/** An order that holds its lines. */
export async function reservedOrder(calls: ProductCalls, ...lines: readonly Line[]) {
  const order = orderOf(...lines);
  await calls.reserveInventory(order.reserve, LIMITS);
  return order;
}

/** An order whose lines are paid. */
export async function paidOrder(calls: ProductCalls, ...lines: readonly Line[]) {
  const order = await reservedOrder(calls, ...lines);
  await calls.confirmReservation(order.confirm, LIMITS);
  return order;
}

/** The request that puts lines of a shipped order back on the shelf. */
export function returnOf(orderId: string, ...lines: readonly Line[]) {
  const returnId = randomUUID();
  return { idempotencyKey: returnKey(orderId, returnId, 'restock'), orderId, returnId, lines: [...lines] };
}

export async function stateOf({ sql }: ProductsFixture, orderId: string): Promise<string | undefined> {
  const [row] = await sql<{ state: string }>('select state from reservations where order_id = $1', [orderId]);
  return row?.state;
}

/** Lets the holds' time run out by the database's clock. */
export async function runOut({ sql }: ProductsFixture, ...orderIds: readonly string[]): Promise<void> {
  await sql(`update reservations set expires_at = now() - interval '1 millisecond' where order_id = any($1) and state = 'held'`, [
    orderIds,
  ]);
}
