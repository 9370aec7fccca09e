import { defineEntity, p } from '@mikro-orm/core';
import { holdExpired, illegalTransition, returnExceedsOrder } from './errors.ts';
import type { StockMovement } from './product.ts';

export const RESERVATION_STATES = ['held', 'confirmed', 'committed', 'released', 'expired'] as const;

export type ReservationState = (typeof RESERVATION_STATES)[number];

/** The database refuses all others as well (reservations_transition_check). */
export const RESERVATION_TRANSITIONS: Readonly<Record<ReservationState, readonly ReservationState[]>> = {
  /** Until expires_at, by the database's clock. */
  held: ['confirmed', 'released', 'expired'],
  /** Paid: kept without expiry. */
  confirmed: ['committed', 'released'],
  /** Shipped: the units were taken out of the stock. */
  committed: [],
  released: [],
  expired: [],
};

export type Line = { readonly productId: string; readonly quantity: number };

export const ReservationLineSchema = defineEntity({
  name: 'ReservationLine',
  tableName: 'reservation_lines',
  properties: {
    orderId: p.uuid().primary(),
    productId: p.uuid().primary(),
    quantity: p.integer(),
  },
});

export class ReservationLine extends ReservationLineSchema.class {}
ReservationLineSchema.setClass(ReservationLine);

export const ReservationSchema = defineEntity({
  name: 'Reservation',
  tableName: 'reservations',
  properties: {
    orderId: p.uuid().primary(),
    state: p.enum(RESERVATION_STATES),
    expiresAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    updatedAt: p.datetime(3).defaultRaw('now()'),
  },
});

/** An order's claim on stock. It is made together with its lines and the stock that they hold (Stock.hold). */
export class Reservation extends ReservationSchema.class {
  /**
   * For a paid order: the hold no longer expires. Confirming again changes nothing. Refuses with `hold_expired` when the hold is
   * gone.
   */
  confirm(at: Date): void {
    if (this.state === 'confirmed' || this.state === 'committed') return;
    if (!this.isLive(at)) throw holdExpired(this.orderId, this.state === 'held' ? 'expired' : this.state);
    this.expiresAt = null;
    this.moveTo('confirmed', at);
  }

  /** True: the caller takes its stock out in the same transaction. False: that was done already. */
  commit(at: Date): boolean {
    if (this.state === 'committed') return false;
    this.moveTo('committed', at);
    return true;
  }

  /** True: the caller gives its stock back in the same transaction. False: the stock was given back already. */
  release(at: Date): boolean {
    if (this.state === 'released' || this.state === 'expired') return false;
    this.moveTo('released', at);
    return true;
  }

  /** The caller gives its stock back in the same transaction. */
  expire(at: Date): void {
    this.moveTo('expired', at);
  }

  /** Refuses a return of stock that was not shipped, or of more units than were shipped and not yet returned. */
  requireReturnable(
    lines: readonly Line[],
    given: { readonly sold: readonly Line[]; readonly returned: readonly StockMovement[] },
  ): void {
    if (this.state !== 'committed') throw illegalTransition(this.orderId, { current: this.state, attempted: 'returned' });
    for (const { productId, quantity } of lines) {
      const sold = given.sold.find((line) => line.productId === productId)?.quantity ?? 0;
      const movements = given.returned.filter(({ product }) => product.id === productId);
      const back = movements.reduce((sum, { stockDelta }) => sum + stockDelta, 0);
      if (quantity > sold - back) throw returnExceedsOrder({ productId, returnable: sold - back });
    }
  }

  /** A hold past its time is gone, even if the sweeper has not expired it yet. */
  private isLive(at: Date): boolean {
    return this.state === 'held' && (this.expiresAt ?? at) > at;
  }

  /** The only way to change the state. Its stock movements are written by Stock's statements; confirming moves no stock. */
  private moveTo(next: ReservationState, at: Date): void {
    if (!RESERVATION_TRANSITIONS[this.state].includes(next)) {
      throw illegalTransition(this.orderId, { current: this.state, attempted: next });
    }
    this.state = next;
    this.updatedAt = at;
  }
}
ReservationSchema.setClass(Reservation);
