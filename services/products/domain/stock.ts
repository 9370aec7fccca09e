import type { EntityManager } from '@mikro-orm/postgresql';
import type { MovementKind } from './product.ts';
import type { Line } from './reservation.ts';

export type Price = { readonly priceMinor: number; readonly currency: string };

export type Hold = { readonly lines: readonly (Line & Price)[]; readonly expiresAt: Date };

/**
 * Moves the stock of several products for an order: all lines or none, in the transaction of `em`. Each statement writes the stock
 * ledger with the product, and locks products in the order of their ids: orders over the same products wait for each other and
 * never deadlock.
 */
export type Stock = {
  /** The price of each product at a time; of a product that is younger, its first. Absent: no such product. */
  pricesAsOf(em: EntityManager, productIds: readonly string[], asOf: Date): Promise<ReadonlyMap<string, Price>>;
  /**
   * Reserves the lines, each product named once, until `holdMs` from now, and returns when the hold expires. Null: it cannot; the
   * products stay locked.
   */
  hold(
    em: EntityManager,
    order: { readonly orderId: string; readonly lines: readonly Line[]; readonly holdMs: number },
  ): Promise<Date | null>;
  /** Makes what ended reservations held available again. */
  giveBack(em: EntityManager, orderIds: readonly string[], kind: 'release' | 'expire'): Promise<void>;
  /** Takes what a committed reservation held out of the stock. */
  takeOut(em: EntityManager, orderId: string): Promise<void>;
  /** Puts units of a committed reservation back on the shelf. */
  putBack(
    em: EntityManager,
    back: { readonly orderId: string; readonly returnId: string; readonly lines: readonly Line[] },
  ): Promise<void>;
};

/** A movement of stock for an order, as read off the ledger: once for all products of the order. */
export type StockEffect = {
  readonly sequence: string;
  /** Microseconds since 1970. */
  readonly atMicros: string;
  readonly kind: Exclude<MovementKind, 'initial' | 'adjust'>;
  readonly orderId: string;
  readonly returnId: string | null;
};
