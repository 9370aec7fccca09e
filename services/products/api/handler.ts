import type { EntityManager } from '@mikro-orm/postgresql';
import type * as z from 'zod';
import type { Finding } from '../../../platform/audit/evaluate.ts';
import { readLogPage } from '../../../platform/audit/log-page.ts';
import type { LogPosition } from '../../../platform/audit/position.ts';
import { createIdempotent } from '../../../platform/idempotency/idempotent.ts';
import { tombstone } from '../../../platform/idempotency/record.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import {
  AdjustStockRequest,
  AdjustStockResponse,
  CommitReservationRequest,
  CommitReservationResponse,
  ConfirmReservationRequest,
  ConfirmReservationResponse,
  CreateProductRequest,
  CreateProductResponse,
  type ProductsServiceService,
  ReleaseInventoryRequest,
  ReleaseInventoryResponse,
  ReserveInventoryRequest,
  ReserveInventoryResponse,
  RestockReturnRequest,
  RestockReturnResponse,
  UpdateProductRequest,
  UpdateProductResponse,
} from '../../../proto/gen/shopfast/products/v1/products.ts';
import { adjustStock } from '../domain/adjust-stock.ts';
import { checkAvailability } from '../domain/check-availability.ts';
import { commitReservation } from '../domain/commit-reservation.ts';
import { confirmReservation } from '../domain/confirm-reservation.ts';
import { createProduct } from '../domain/create-product.ts';
import { getProduct, getProducts } from '../domain/get-products.ts';
import type { Product } from '../domain/product.ts';
import { releaseInventory } from '../domain/release-inventory.ts';
import { reserveInventory } from '../domain/reserve-inventory.ts';
import { restockReturn } from '../domain/restock-return.ts';
import type { Stock, StockEffect } from '../domain/stock.ts';
import { updateProduct } from '../domain/update-product.ts';
import { cursorAfter, readCursor } from './cursor.ts';
import { toStatus } from './errors.ts';
import { availabilityMessage, effectMessage, holdMessage, productMessage } from './messages.ts';
import * as requests from './requests.ts';

type Search = { readonly query: string; readonly category: string };

export type HandlerOptions = {
  readonly database: Database;
  readonly stock: Stock;
  /** Milliseconds for which a reserve holds its lines. */
  readonly holdMs: number;
  /** The currencies that the shop sells in. */
  readonly currencies: readonly string[];
  readonly search: {
    products(
      em: EntityManager,
      search: Search,
      page: { readonly after: string | undefined; readonly limit: number },
    ): Promise<readonly Product[]>;
    count(em: EntityManager, search: Search): Promise<number>;
  };
  listEffects(after: LogPosition, limit: number): Promise<readonly StockEffect[]>;
  audit(): Promise<Finding[]>;
};

export function createHandler(options: HandlerOptions): Handlers<typeof ProductsServiceService> {
  return { ...catalogueHandlers(options), ...reservationHandlers(options), ...auditHandlers(options) };
}

function catalogueHandlers({ database, search: catalogue, currencies }: HandlerOptions) {
  const idempotent = createIdempotent(database, toStatus);
  const reading = createReading(database);
  return {
    getProduct: reading(requests.getProduct, async ({ productId }, em) => ({
      product: productMessage(await getProduct(em, productId)),
    })),

    getProducts: reading(requests.getProducts, async ({ productIds }, em) => ({
      products: (await getProducts(em, productIds)).map(productMessage),
    })),

    searchProducts: reading(requests.searchProducts, async ({ pageSize, cursor, includeTotalCount, ...search }, em) => {
      const after = cursor === '' ? undefined : readCursor(cursor, search);
      const found = await catalogue.products(em, search, { after, limit: pageSize + 1 });
      const products = found.slice(0, pageSize);
      const last = products.at(-1);
      const nextCursor = last && found.length > pageSize ? cursorAfter(last.id, search) : '';
      const count = includeTotalCount ? { totalCount: await catalogue.count(em, search) } : {};
      return { products: products.map(productMessage), nextCursor, ...count };
    }),

    checkAvailability: reading(requests.checkAvailability, async ({ lines }, em) => ({
      lines: (await checkAvailability(em, lines)).map(availabilityMessage),
    })),

    createProduct: idempotent(
      {
        operation: 'CreateProduct',
        request: CreateProductRequest,
        response: CreateProductResponse,
        schema: requests.createProduct,
      },
      async (given, { em }) => {
        const { idempotencyKey: _, price, ...fields } = given;
        const product = await createProduct(em, currencies, {
          ...fields,
          priceMinor: price.amountMinor,
          currency: price.currency,
        });
        return { product: productMessage(product) };
      },
    ),

    updateProduct: idempotent(
      {
        operation: 'UpdateProduct',
        request: UpdateProductRequest,
        response: UpdateProductResponse,
        schema: requests.updateProduct,
      },
      async (given, { em }) => {
        const { idempotencyKey: _, ...change } = given;
        return { product: productMessage(await updateProduct(em, currencies, change)) };
      },
    ),

    adjustStock: idempotent(
      { operation: 'AdjustStock', request: AdjustStockRequest, response: AdjustStockResponse, schema: requests.adjustStock },
      async ({ productId, delta, reason }, { em }) => ({
        product: productMessage(await adjustStock(em, { productId, delta, reason })),
      }),
    ),
  };
}

function reservationHandlers({ database, stock, holdMs }: HandlerOptions) {
  const idempotent = createIdempotent(database, toStatus);
  return {
    reserveInventory: idempotent(
      {
        operation: 'ReserveInventory',
        request: ReserveInventoryRequest,
        response: ReserveInventoryResponse,
        schema: requests.reserveInventory,
      },
      async ({ orderId, lines, pricesAsOf }, { em }) =>
        holdMessage(await reserveInventory({ em, stock }, { orderId, lines, holdMs, pricesAsOf })),
    ),

    releaseInventory: idempotent(
      {
        operation: 'ReleaseInventory',
        request: ReleaseInventoryRequest,
        response: ReleaseInventoryResponse,
        schema: requests.releaseInventory,
      },
      async ({ orderId, undoesKey }, { em, sql }) => {
        // R4: waits for a reserve in flight, which the use case then finds; a reserve that arrives later is refused.
        await tombstone(sql, undoesKey, 'ReserveInventory');
        return { released: await releaseInventory({ em, stock }, orderId) };
      },
    ),

    confirmReservation: idempotent(
      {
        operation: 'ConfirmReservation',
        request: ConfirmReservationRequest,
        response: ConfirmReservationResponse,
        schema: requests.reservationOf,
      },
      async ({ orderId }, { em }) => {
        await confirmReservation(em, orderId);
        return {};
      },
    ),

    commitReservation: idempotent(
      {
        operation: 'CommitReservation',
        request: CommitReservationRequest,
        response: CommitReservationResponse,
        schema: requests.reservationOf,
      },
      async ({ orderId }, { em }) => {
        await commitReservation({ em, stock }, orderId);
        return {};
      },
    ),

    restockReturn: idempotent(
      {
        operation: 'RestockReturn',
        request: RestockReturnRequest,
        response: RestockReturnResponse,
        schema: requests.restockReturn,
      },
      async ({ orderId, returnId, lines }, { em }) => {
        await restockReturn({ em, stock }, { orderId, returnId, lines });
        return {};
      },
    ),
  };
}

function auditHandlers({ database, listEffects, audit }: HandlerOptions) {
  const reading = createReading(database);
  return {
    audit: async () => ({ findings: await audit() }),

    listEffects: reading(requests.listEffects, async ({ page }) => {
      const { rows, nextCursor } = await readLogPage(page, listEffects);
      return { effects: rows.map(effectMessage), nextCursor };
    }),
  };
}

/** Validates a request and answers it without a transaction. */
function createReading(database: Database) {
  return <Given, Response>(schema: z.ZodType<Given>, read: (given: Given, em: EntityManager) => Promise<Response>) =>
    (request: unknown): Promise<Response> =>
      read(parseRequest(schema, request), database.read().em);
}
