/** What each call of the saga is, and what it leaves to be undone: a new call does not compile without its row. */
import type { SagaStep } from '../../../contracts/order.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import type { SagaActivity } from './faults.ts';

/** Newest first. */
export const UNDOS = ['refundPayment', 'releaseInventory', 'cancelOrder'] as const satisfies readonly SagaActivity[];
export type Undo = (typeof UNDOS)[number];
export type ForwardCall = Exclude<SagaActivity, Undo>;

type Row = {
  readonly step: SagaStep;
  /** Newest first: when the call did not happen, and when it may have. */
  readonly afterRefusal: readonly Undo[];
  readonly afterFault: readonly Undo[];
  /** What a call is refused with that arrives when the order has been undone; null: it changes nothing and is answered. */
  readonly late: Reason | null;
};

const ORDER: readonly Undo[] = ['cancelOrder'];
const STOCK_AND_ORDER: readonly Undo[] = ['releaseInventory', 'cancelOrder'];
const ALL: readonly Undo[] = UNDOS;

// Its key was forbidden by its undo.
const TOMBSTONE: Reason = 'order_cancelled';

export const ROWS: Readonly<Record<ForwardCall, Row>> = {
  validateUser: { step: 'ValidateUser', afterRefusal: ORDER, afterFault: ORDER, late: null },
  reserveInventory: { step: 'ReserveInventory', afterRefusal: ORDER, afterFault: STOCK_AND_ORDER, late: TOMBSTONE },
  createOrder: { step: 'CreateOrder', afterRefusal: STOCK_AND_ORDER, afterFault: STOCK_AND_ORDER, late: TOMBSTONE },
  processPayment: { step: 'ProcessPayment', afterRefusal: STOCK_AND_ORDER, afterFault: ALL, late: TOMBSTONE },
  confirmReservation: { step: 'ConfirmOrder', afterRefusal: ALL, afterFault: ALL, late: 'hold_expired' },
  confirmOrder: { step: 'ConfirmOrder', afterRefusal: ALL, afterFault: ALL, late: 'illegal_transition' },
};

export const CALLS = Object.keys(ROWS).filter((name): name is ForwardCall => name in ROWS);
