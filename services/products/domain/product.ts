import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuid } from 'uuid';
import { wordsOf } from '../../../platform/text/normal.ts';
import { insufficientStock, stockTooLarge } from './errors.ts';

// Far below the largest integer of the column, so that a sum of two stays within it.
export const STOCK_MAX = 1_000_000_000;

export type MovementKind = 'initial' | 'adjust' | 'reserve' | 'release' | 'expire' | 'commit' | 'return';

/** A row of the stock ledger: one change of one product's stock or reserved quantity. Rows are only added. */
export const StockMovementSchema = defineEntity({
  name: 'StockMovement',
  tableName: 'stock_movements',
  properties: {
    id: p.bigint('string').primary().generated('identity'),
    product: () => p.manyToOne(Product),
    kind: p.text().$type<MovementKind>(),
    stockDelta: p.integer(),
    reservedDelta: p.integer().default(0),
    orderId: p.uuid().nullable(),
    returnId: p.uuid().nullable(),
    reason: p.text().default(''),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});

export class StockMovement extends StockMovementSchema.class {}
StockMovementSchema.setClass(StockMovement);

/** A price of a product, from a time on. Rows are only added: an order pays the price of the time of its submission. */
export const ProductPriceSchema = defineEntity({
  name: 'ProductPrice',
  tableName: 'product_prices',
  properties: {
    id: p.bigint('string').primary().generated('identity'),
    product: () => p.manyToOne(Product),
    priceMinor: p.bigint('number'),
    currency: p.text(),
    effectiveFrom: p.datetime().defaultRaw('now()'),
  },
});

export class ProductPrice extends ProductPriceSchema.class {}
ProductPriceSchema.setClass(ProductPrice);

/** Of one unit, packed, in millimetres. */
export type Dimensions = { readonly lengthMm: number; readonly widthMm: number; readonly heightMm: number };

export const ProductSchema = defineEntity({
  name: 'Product',
  tableName: 'products',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuid()),
    sku: p.text().unique(),
    name: p.text(),
    description: p.text().default(''),
    category: p.text().default(''),
    priceMinor: p.bigint('number'),
    currency: p.text(),
    stockQuantity: p.integer(),
    reservedQuantity: p.integer().default(0),
    /** An https URL; empty: none. */
    imageUrl: p.text().default(''),
    /** Of one unit, packed. */
    weightGrams: p.integer().nullable(),
    dimensions: p.json<Dimensions>().nullable(),
    /** The folded words of name, SKU and description; the search compares with them. */
    searchText: p.text().default('').lazy(),
    /** The same as a set of words with an index. */
    searchWords: p
      .text()
      .columnType('tsvector')
      .generated("array_to_tsvector(string_to_array(search_text, ' ')) stored")
      .nullable()
      .lazy(),
    active: p.boolean().default(true),
    /** Grows with every change, those of the stock included. */
    version: p.integer().default(1),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
    movements: () => p.oneToMany(StockMovement).mappedBy('product'),
    prices: () => p.oneToMany(ProductPrice).mappedBy('product'),
  },
});

export type NewProduct = Pick<
  Product,
  'sku' | 'name' | 'description' | 'category' | 'priceMinor' | 'currency' | 'stockQuantity' | 'imageUrl'
> & { readonly weightGrams: number | null; readonly dimensions: Dimensions | null };

/** What an administrator changes of a product; absent: unchanged. */
export type ProductChange = {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly price?: { readonly amountMinor: number; readonly currency: string } | undefined;
  readonly active?: boolean | undefined;
  /** Empty: removed. */
  readonly imageUrl?: string | undefined;
  /** Null: removed. */
  readonly weightGrams?: number | null | undefined;
  readonly dimensions?: Dimensions | null | undefined;
};

/**
 * A product's catalogue data, and the changes of its stock that no order makes. The statements of stock.ts change stock for
 * orders.
 */
export class Product extends ProductSchema.class {
  available(): number {
    return this.stockQuantity - this.reservedQuantity;
  }

  /** Does not change the price of reserved units: an order keeps the price that its reservation returned. */
  change({ price, ...described }: ProductChange, at: Date): void {
    const given = { ...described, priceMinor: price?.amountMinor, currency: price?.currency };
    const changed = Object.entries(given).filter(([name, value]) => value !== undefined && value !== Reflect.get(this, name));
    if (changed.length === 0) return;
    const { priceMinor, currency } = this;
    Object.assign(this, Object.fromEntries(changed));
    if (this.priceMinor !== priceMinor || this.currency !== currency) this.keepPrice(at);
    this.describeForSearch();
    this.changed(at);
  }

  /** The ledger of a product begins with its first stock, even when that is 0; its prices begin with its first price. */
  open(at: Date): void {
    this.record('initial', this.stockQuantity, '');
    this.keepPrice(at);
    this.describeForSearch();
  }

  /** Reserved units cannot be taken away. */
  adjustStock({ delta, reason }: { readonly delta: number; readonly reason: string }, at: Date): void {
    if (this.available() + delta < 0) {
      throw insufficientStock({ productId: this.id, requested: -delta, available: this.available() });
    }
    if (this.stockQuantity + delta > STOCK_MAX) throw stockTooLarge(this.id);
    this.stockQuantity += delta;
    this.changed(at);
    this.record('adjust', delta, reason);
  }

  private keepPrice(effectiveFrom: Date): void {
    const { priceMinor, currency } = this;
    this.prices.add(Object.assign(new ProductPrice(), { priceMinor, currency, effectiveFrom }));
  }

  private describeForSearch(): void {
    this.searchText = wordsOf(`${this.name} ${this.sku} ${this.description}`).join(' ');
  }

  private changed(at: Date): void {
    this.version += 1;
    this.updatedAt = at;
  }

  private record(kind: 'initial' | 'adjust', stockDelta: number, reason: string): void {
    this.movements.add(Object.assign(new StockMovement(), { kind, stockDelta, reason }));
  }
}
ProductSchema.setClass(Product);
