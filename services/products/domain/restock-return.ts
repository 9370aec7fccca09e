import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { illegalTransition, returnIdTaken } from './errors.ts';
import { StockMovement } from './product.ts';
import { type Line, Reservation, ReservationLine } from './reservation.ts';
import type { Stock } from './stock.ts';

/** Puts all lines of a return back on the shelf, or none. `lines` name each product once. */
export async function restockReturn(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  back: { readonly orderId: string; readonly returnId: string; readonly lines: readonly Line[] },
): Promise<void> {
  const { orderId, returnId, lines } = back;
  // The lock makes the returns of an order take turns: none of them reads what another is about to put back.
  const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!reservation) throw illegalTransition(orderId, { current: 'absent', attempted: 'returned' });
  const sold = await em.find(ReservationLine, { orderId });
  const returned = await em.find(StockMovement, { orderId, kind: 'return' });
  reservation.requireReturnable(lines, { sold, returned });
  try {
    await stock.putBack(em, back);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'stock_movements_returned') throw returnIdTaken(returnId);
    throw error;
  }
}
