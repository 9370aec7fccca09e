/**
 * The activities of an order. A refusal is a result: the call did not happen and never will. A fault is a thrown error: the call
 * may have happened.
 */
import type { ConfirmedOrder } from './confirmed-order.ts';
import type { Line, Money, PricedLine } from './money.ts';
import type { Reason } from './reasons.ts';
import type { CompensationStep, StepName } from './saga-steps.ts';

export type Refusal = { readonly ok: false; readonly reason: Reason; readonly facts: Readonly<Record<string, string>> };

export type Result<T extends object = object> = ({ readonly ok: true } & T) | Refusal;

/** Every input that changes something carries the idempotency key of its operation (contracts/ids). */
type Keyed = { readonly key: string; readonly orderId: string };

/** `undoesKey` is the key of the step that is undone, so that a forward call that arrives later is refused. */
type UndoInput = Keyed & { readonly undoesKey: string };

/** One return of an order; an order may have several. */
type OfReturn = Keyed & { readonly returnId: string };

export type Confirmed = { readonly order: ConfirmedOrder };

/** The activities of the saga: one per step (contracts/saga-steps) and one per undo. */
export type OrderActivities = {
  validateUser(input: { readonly userId: string }): Promise<Result>;
  reserveInventory(
    /** `pricesAsOf` in RFC 3339: when the order was submitted. */
    input: Keyed & { readonly lines: readonly Line[]; readonly pricesAsOf: string },
  ): Promise<Result<{ readonly lines: readonly PricedLine[] }>>;
  createOrder(input: Keyed & { readonly lines: readonly PricedLine[] }): Promise<Result<{ readonly total: Money }>>;
  processPayment(
    input: Keyed & { readonly userId: string; readonly amount: Money; readonly paymentMethod: string },
  ): Promise<Result<{ readonly paymentId: string }>>;
  /** Confirms the stock, then the order (ConfirmCalls). A refusal for the stock leaves the order unchanged. */
  confirm(input: {
    readonly orderId: string;
    readonly paymentId: string;
    readonly stockKey: string;
    readonly orderKey: string;
  }): Promise<Result<Confirmed>>;

  releaseInventory(input: UndoInput): Promise<void>;
  refundPayment(input: UndoInput & { readonly reason: Reason }): Promise<void>;
  cancelOrder(
    input: UndoInput & {
      readonly reason: Reason;
      readonly failedStep: StepName | null;
      readonly facts: Readonly<Record<string, string>>;
      /** Who asked for it and why, in their words; absent when the saga failed by itself. */
      readonly actorId?: string;
      readonly note?: string;
    },
  ): Promise<void>;
};

/** The two calls of `confirm`. Each has its own key, so that an attempt that failed between them can be repeated. */
export type ConfirmCalls = {
  confirmReservation(input: Keyed): Promise<Result>;
  confirmOrder(input: Keyed & { readonly paymentId: string }): Promise<Result<Confirmed>>;
};

/** The activities of an order's life after its saga. Those that return nothing are never refused. */
export type OrderLifeActivities = {
  commitReservation(input: Keyed): Promise<Result>;
  shipOrder(
    input: Keyed & { readonly carrier: string; readonly trackingNumber: string; readonly actorId: string },
  ): Promise<Result>;
  /** `deliveredAt` in RFC 3339; absent: now. */
  deliverOrder(input: Keyed & { readonly deliveredAt?: string; readonly actorId: string }): Promise<Result>;

  /** Returns the units that may come back and their refund. Empty `lines` ask for all units that have not come back. */
  requestReturn(
    input: OfReturn & { readonly lines: readonly Line[]; readonly reason: string; readonly actorId: string },
  ): Promise<Result<{ readonly refund: Money; readonly lines: readonly Line[]; readonly completesOrder: boolean }>>;
  refundReturn(input: Keyed & { readonly amount: Money }): Promise<void>;
  restockReturn(input: OfReturn & { readonly lines: readonly Line[] }): Promise<void>;
  completeReturn(input: OfReturn): Promise<void>;

  /** Records what an operator did about the undos of a parked order. */
  recordIntervention(
    input: Keyed & {
      readonly actorId: string;
      readonly action: 'retry' | 'resolve';
      readonly steps: readonly CompensationStep[];
      readonly reason: string;
      readonly reference?: string;
    },
  ): Promise<void>;
};

/** The calls that the services offer for an order. The activities of an order are made of them. */
export type ServiceCalls = Omit<OrderActivities, 'confirm'> & ConfirmCalls & OrderLifeActivities;
