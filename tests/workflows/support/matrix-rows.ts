/** What each call of the saga is, and what it leaves to be undone: a new call does not compile without its row. */
import type { SagaStep } from '../../../contracts/order.ts';
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
};

const ORDER: readonly Undo[] = ['cancelOrder'];
const STOCK_AND_ORDER: readonly Undo[] = ['releaseInventory', 'cancelOrder'];
const ALL: readonly Undo[] = UNDOS;

export const ROWS: Readonly<Record<ForwardCall, Row>> = {
  validateUser: { step: 'ValidateUser', afterRefusal: ORDER, afterFault: ORDER },
  reserveInventory: { step: 'ReserveInventory', afterRefusal: ORDER, afterFault: STOCK_AND_ORDER },
  createOrder: { step: 'CreateOrder', afterRefusal: STOCK_AND_ORDER, afterFault: STOCK_AND_ORDER },
  processPayment: { step: 'ProcessPayment', afterRefusal: STOCK_AND_ORDER, afterFault: ALL },
  confirmReservation: { step: 'ConfirmOrder', afterRefusal: ALL, afterFault: ALL },
  confirmOrder: { step: 'ConfirmOrder', afterRefusal: ALL, afterFault: ALL },
};

export const CALLS = Object.keys(ROWS).filter((name): name is ForwardCall => name in ROWS);
