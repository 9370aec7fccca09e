import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuid } from 'uuid';
import { holdExpired, illegalTransition, insufficientStock, stockTooLarge } from './errors.ts';

// Far below the largest integer of the column, so that a sum of two stays within it.
export const STOCK_MAX = 1_000_000_000;

const ProductSchema = defineEntity({
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
    active: p.boolean().default(true),
    /** Grown by the database with every change. */
    version: p.integer().default(1),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

/** What its owner may change of a product; absent: unchanged. */
export type ProductChange = {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly price?: { readonly amountMinor: number; readonly currency: string } | undefined;
  readonly active?: boolean | undefined;
};

export class Product extends ProductSchema.class {
  available(): number {
    return this.stockQuantity - this.reservedQuantity;
  }

  /** Reservations keep the price they were made at: it is in the answer to their order. */
  change({ name, description, category, price, active }: ProductChange): void {
    if (name !== undefined) this.name = name;
    if (description !== undefined) this.description = description;
    if (category !== undefined) this.category = category;
    if (active !== undefined) this.active = active;
    if (price !== undefined) {
      this.priceMinor = price.amountMinor;
      this.currency = price.currency;
    }
  }

  /** What is reserved cannot be taken away. */
  adjustStock(delta: number): void {
    if (this.available() + delta < 0) {
      throw insufficientStock({ productId: this.id, requested: -delta, available: this.available() });
    }
    if (this.stockQuantity + delta > STOCK_MAX) throw stockTooLarge(this.id);
    this.stockQuantity += delta;
  }
}
ProductSchema.setClass(Product);

export type ReservationState = 'held' | 'confirmed' | 'committed' | 'released' | 'expired';

/** The database refuses all others once more (001_initial). */
export const RESERVATION_TRANSITIONS: Readonly<Record<ReservationState, readonly ReservationState[]>> = {
  /** Until expires_at, by the database's clock. */
  held: ['confirmed', 'released', 'expired'],
  /** Paid: kept without expiry. */
  confirmed: ['committed', 'released'],
  /** Shipped: the stock left the building. */
  committed: [],
  released: [],
  expired: [],
};

const ReservationSchema = defineEntity({
  name: 'Reservation',
  tableName: 'reservations',
  properties: {
    orderId: p.uuid().primary(),
    state: p.enum(['held', 'confirmed', 'committed', 'released', 'expired']),
    expiresAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

export class Reservation extends ReservationSchema.class {
  /** Gives up the hold. False: it was given up before, and there is nothing to give back. */
  release(): boolean {
    if (this.state === 'released' || this.state === 'expired') return false;
    this.become('released');
    return true;
  }

  /** For a confirm that found no live hold: fine when the stock is kept already, refused otherwise. */
  requireKept(): void {
    if (this.state === 'confirmed' || this.state === 'committed') return;
    throw holdExpired(this.orderId, this.stateNow());
  }

  /** The state, for one found not to be a live hold: a hold past its time is gone, whether or not the sweeper has come by. */
  stateNow(): ReservationState {
    return this.state === 'held' ? 'expired' : this.state;
  }

  /** Ships what is paid. False: it was shipped before, and its stock has left. */
  commit(): boolean {
    if (this.state === 'committed') return false;
    this.become('committed');
    return true;
  }

  private become(next: ReservationState): void {
    if (!RESERVATION_TRANSITIONS[this.state].includes(next))
      throw illegalTransition(this.orderId, { current: this.state, attempted: next });
    this.state = next;
  }
}
ReservationSchema.setClass(Reservation);

export const ENTITIES = [ProductSchema, ReservationSchema];
