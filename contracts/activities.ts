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

/** An undo names the key of the step that it undoes, so that a late forward call is refused. */
type Undo = Keyed & { readonly undoesKey: string };

/** One return of an order; an order may have several. */
type OfReturn = Keyed & { readonly returnId: string };

export type Confirmed = { readonly order: ConfirmedOrder };

/** The activities of the saga: one per step (contracts/saga-steps) and one per undo. */
export type OrderActivities = {
  validateUser(input: { readonly userId: string }): Promise<Result>;
  reserveInventory(
    input: Keyed & { readonly lines: readonly Line[] },
  ): Promise<Result<{ readonly lines: readonly PricedLine[] }>>;
  createOrder(input: Keyed & { readonly lines: readonly PricedLine[] }): Promise<Result<{ readonly total: Money }>>;
  processPayment(
    input: Keyed & { readonly userId: string; readonly amount: Money; readonly paymentMethod: string },
  ): Promise<Result<{ readonly paymentId: string }>>;
  /** Both of ConfirmCalls, the stock first, and the order when the stock was not refused. */
  confirm(input: {
    readonly orderId: string;
    readonly paymentId: string;
    readonly stockKey: string;
    readonly orderKey: string;
  }): Promise<Result<Confirmed>>;

  releaseInventory(input: Undo): Promise<void>;
  refundPayment(input: Undo & { readonly reason: Reason }): Promise<void>;
  cancelOrder(
    input: Undo & {
      readonly reason: Reason;
      readonly failedStep: StepName | null;
      readonly facts: Readonly<Record<string, string>>;
      /** Who asked for it and in which words; absent when the saga failed by itself. */
      readonly actorId?: string;
      readonly note?: string;
    },
  ): Promise<void>;
};

/** The two calls of `confirm`, each under a key of its own: an attempt that broke off between them is simply made again. */
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

  /** What may come back, and what it is worth. No lines: everything that is not back yet. */
  requestReturn(
    input: OfReturn & { readonly lines: readonly Line[]; readonly reason: string; readonly actorId: string },
  ): Promise<Result<{ readonly refund: Money; readonly lines: readonly Line[]; readonly completesOrder: boolean }>>;
  refundReturn(input: Keyed & { readonly amount: Money }): Promise<void>;
  restockReturn(input: OfReturn & { readonly lines: readonly Line[] }): Promise<void>;
  completeReturn(input: OfReturn): Promise<void>;

  /** What an operator did to the undos of a parked order, for its record. */
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

/** What the services do for an order, call by call; the activities of an order are made of it. */
export type ServiceCalls = Omit<OrderActivities, 'confirm'> & ConfirmCalls & OrderLifeActivities;
