import { LockMode } from '@mikro-orm/core';
import { once } from '../../platform/idempotency/once.ts';
import { hashRequest } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import {
  AdjustStockRequest,
  AdjustStockResponse,
  type Availability,
  CreateProductRequest,
  CreateProductResponse,
  UpdateProductRequest,
  UpdateProductResponse,
} from '../../proto/gen/shopfast/products/v1/products.ts';
import { cursorAfter, readCursor, type Search } from './cursor.ts';
import { Product, type ProductChange } from './entity.ts';
import { productUnknown, skuTaken } from './errors.ts';
import { productMessage } from './messages.ts';
import { recordStock, type WantedLine } from './repository.ts';

export type NewProduct = Pick<Product, 'sku' | 'name' | 'description' | 'category' | 'priceMinor' | 'currency' | 'stockQuantity'>;

export type Page = { readonly products: readonly Product[]; readonly nextCursor: string };

export type Products = ReturnType<typeof createProducts>;

/** The catalogue and the stock that no order moves. */
export function createProducts(database: Database) {
  return {
    async get(productId: string): Promise<Product> {
      const product = await database.read().em.findOne(Product, { id: productId });
      if (!product) throw productUnknown(productId);
      return product;
    },

    async getMany(productIds: readonly string[]): Promise<readonly Product[]> {
      const found = await database.read().em.find(Product, { id: { $in: [...productIds] } });
      const byId = new Map(found.map((product) => [product.id, product]));
      return productIds.flatMap((id) => byId.get(id) ?? []);
    },

    /**
     * What could be reserved now. Lines of one product share what there is, as they would in a reservation: none of them is
     * available when there is not enough for all.
     */
    async availability(lines: readonly WantedLine[]): Promise<Availability[]> {
      const productIds = [...new Set(lines.map((line) => line.productId))];
      const found = await database.read().em.find(Product, { id: { $in: productIds }, active: true });
      const availableOf = new Map(found.map((product) => [product.id, product.available()]));
      const wantedOf = new Map<string, number>();
      for (const { productId, quantity } of lines) wantedOf.set(productId, (wantedOf.get(productId) ?? 0) + quantity);
      return lines.map(({ productId, quantity }) => {
        const availableQuantity = availableOf.get(productId) ?? 0;
        const available = availableQuantity >= (wantedOf.get(productId) ?? quantity);
        return { productId, requestedQuantity: quantity, availableQuantity, available };
      });
    },

    /**
     * Pages in the order of the ids, which grow with time: a product created while somebody reads appears at the end, and
     * shifts nothing. A product matches when each word of the query begins one of its words.
     */
    async search(search: Search, page: { readonly size: number; readonly cursor: string }): Promise<Page> {
      const query = database.read().em.createQueryBuilder(Product, 'p').where({ active: true });
      if (search.category) query.andWhere({ category: search.category });
      if (search.query) {
        query.andWhere("product_words(p.name, p.sku, p.description) @@ to_tsquery('simple', ?)", [prefixes(search.query)]);
      }
      if (page.cursor) query.andWhere({ id: { $gt: readCursor(page.cursor, search) } });
      const found = await query
        .orderBy({ id: 'asc' })
        .limit(page.size + 1)
        .getResultList();
      const products = found.slice(0, page.size);
      const last = products.at(-1);
      return { products, nextCursor: last && found.length > page.size ? cursorAfter(last.id, search) : '' };
    },

    async create(request: CreateProductRequest, fields: NewProduct): Promise<CreateProductResponse> {
      const operation = {
        operation: 'CreateProduct',
        key: request.idempotencyKey,
        requestHash: hashRequest(CreateProductRequest.encode(request).finish()),
        response: CreateProductResponse,
      };
      const { response } = await once(database, operation, async ({ em, sql }) => {
        const product = em.create(Product, fields);
        try {
          await em.flush();
        } catch (error: unknown) {
          if (violatedUnique(error) === 'products_sku_unique') throw skuTaken();
          throw error;
        }
        await recordStock(sql, { productId: product.id, kind: 'initial', delta: fields.stockQuantity, reason: '' });
        return { product: productMessage(product) };
      });
      return response;
    },

    async update(request: UpdateProductRequest, productId: string, change: ProductChange): Promise<UpdateProductResponse> {
      const operation = {
        operation: 'UpdateProduct',
        key: request.idempotencyKey,
        requestHash: hashRequest(UpdateProductRequest.encode(request).finish()),
        response: UpdateProductResponse,
      };
      const { response } = await once(database, operation, async ({ em }) => {
        const product = await em.findOne(Product, { id: productId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        if (!product) throw productUnknown(productId);
        product.change(change);
        await em.flush();
        // The database has set the version and the time.
        await em.refresh(product);
        return { product: productMessage(product) };
      });
      return response;
    },

    async adjustStock(request: AdjustStockRequest, change: { productId: string; delta: number; reason: string }) {
      const operation = {
        operation: 'AdjustStock',
        key: request.idempotencyKey,
        requestHash: hashRequest(AdjustStockRequest.encode(request).finish()),
        response: AdjustStockResponse,
      };
      const { response } = await once(database, operation, async ({ em, sql }) => {
        const product = await em.findOne(Product, { id: change.productId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        if (!product) throw productUnknown(change.productId);
        product.adjustStock(change.delta);
        await em.flush();
        await recordStock(sql, { ...change, kind: 'adjust' });
        // The database has set the version and the time.
        await em.refresh(product);
        return { product: productMessage(product) };
      });
      return response;
    },
  };
}

/** `red rob` as a tsquery: 'red':* & 'rob':*. The separators are those of the SQL function product_words. */
function prefixes(query: string): string {
  const words = query.split(/[\s!-/:-@[-`{-~]+/).filter((word) => word !== '');
  return words.map((word) => `'${word}':*`).join(' & ');
}
