/**
 * What the saga asks of the services: its steps, and one method per call. A refusal is a result: the step did not happen and
 * never will. A fault is a thrown error: the step may have happened.
 */
import type { ConfirmedOrder } from './confirmed-order.ts';
import type { Line, Money, PricedLine } from './lines.ts';

import type { Reason } from './reasons.ts';

type Step = {
  /** How far the saga is when the step has been taken. */
  readonly state: string;
  /** Its calls in their order, each with the name of its idempotency key (contracts/ids); null: it changes nothing. */
  readonly calls: { readonly [Call in keyof OrderActivities]?: string | null };
  /** Null: it changes nothing, or an earlier undo covers it. */
  readonly undo: keyof OrderActivities | null;
  /**
   * `hold`: it works while stock is held for the order, so its time is the hold's, which began with ReserveInventory. That is
   * how an order gives up paying well before its hold expires.
   */
  readonly time: 'own' | 'hold';
};

/** The steps of the saga in their order. Whatever else is known of steps, by type or by list, is derived from here. */
export const SAGA = {
  ValidateUser: { state: 'UserValidated', calls: { validateUser: null }, undo: null, time: 'own' },
  ReserveInventory: {
    state: 'InventoryReserved',
    calls: { reserveInventory: 'reserve' },
    undo: 'releaseInventory',
    time: 'own',
  },
  // Undone with the submission.
  CreateOrder: { state: 'OrderCreated', calls: { createOrder: 'create' }, undo: null, time: 'hold' },
  ProcessPayment: { state: 'PaymentProcessed', calls: { processPayment: 'pay' }, undo: 'refundPayment', time: 'hold' },
  ConfirmOrder: {
    state: 'OrderConfirmed',
    calls: { confirmReservation: 'confirm-stock', confirmOrder: 'confirm-order' },
    undo: null,
    time: 'own',
  },
} as const satisfies Readonly<Record<string, Step>>;

export type SagaStep = keyof typeof SAGA;

/** The calls that take a step forward, and those that undo one. */
export type ForwardCall = { [S in SagaStep]: keyof (typeof SAGA)[S]['calls'] }[SagaStep];
export type UndoCall = Exclude<(typeof SAGA)[SagaStep]['undo'], null> | 'cancelOrder';

/** What names the calls of the saga that change something, in their idempotency keys. */
export type SagaKey = Exclude<{ [S in SagaStep]: (typeof SAGA)[S]['calls'][keyof (typeof SAGA)[S]['calls']] }[SagaStep], null>;

export const SAGA_STEPS: readonly SagaStep[] = Object.keys(SAGA).filter(isSagaStep);

export function isSagaStep(name: string): name is SagaStep {
  return Object.hasOwn(SAGA, name);
}

export const SAGA_STATES = [
  'SagaInitiated',
  ...SAGA_STEPS.map((step) => SAGA[step].state),
  'SagaCompleted',
  'Compensating',
  'SagaFailed',
] as const;

export type SagaState = (typeof SAGA_STATES)[number];

/** What can be undone: a step of the saga, or the submission that came before it. */
export const COMPENSATION_STEPS = ['SubmitOrder', ...SAGA_STEPS] as const;

export type CompensationStep = (typeof COMPENSATION_STEPS)[number];

/** What each undo undoes; the submission's comes first, as it does in the saga. */
export const UNDOES: ReadonlyMap<string, CompensationStep> = new Map<string, CompensationStep>([
  ['cancelOrder', 'SubmitOrder'],
  ...SAGA_STEPS.flatMap((step): [string, SagaStep][] => (SAGA[step].undo === null ? [] : [[SAGA[step].undo, step]])),
]);

export type Refusal = { readonly ok: false; readonly reason: Reason; readonly facts: Readonly<Record<string, string>> };

export type Result<T extends object = object> = ({ readonly ok: true } & T) | Refusal;

/** Every input that changes something carries the idempotency key of its operation (contracts/ids). */
type Keyed = { readonly key: string; readonly orderId: string };

/** An undo names the key of the step that it undoes, so that a late forward call is refused. */
type Undo = Keyed & { readonly undoesKey: string };

/** One return of an order; an order may have several. */
type OfReturn = Keyed & { readonly returnId: string };

/** `order` is absent in what was confirmed before orders told. */
export type Confirmed = { readonly order?: ConfirmedOrder };

export type OrderActivities = {
  validateUser(input: { readonly userId: string }): Promise<Result>;
  reserveInventory(
    input: Keyed & { readonly lines: readonly Line[] },
  ): Promise<Result<{ readonly lines: readonly PricedLine[] }>>;
  createOrder(input: Keyed & { readonly lines: readonly PricedLine[] }): Promise<Result<{ readonly total: Money }>>;
  processPayment(
    input: Keyed & { readonly userId: string; readonly amount: Money; readonly paymentMethod: string },
  ): Promise<Result<{ readonly paymentId: string }>>;
  confirmReservation(input: Keyed): Promise<Result>;
  confirmOrder(input: Keyed & { readonly paymentId: string }): Promise<Result<Confirmed>>;

  releaseInventory(input: Undo): Promise<void>;
  refundPayment(input: Undo & { readonly reason: Reason }): Promise<void>;
  /** `facts` are absent in what was scheduled before they were passed on. */
  cancelOrder(
    input: Undo & {
      readonly reason: Reason;
      readonly failedStep: SagaStep | null;
      readonly facts?: Readonly<Record<string, string>>;
      /** Who asked for it and in which words; absent when the saga failed by itself. */
      readonly actorId?: string;
      readonly note?: string;
    },
  ): Promise<void>;
};

/**
 * Both calls of ConfirmOrder in one activity, which spares the caller a turn of the workflow: stock first, and the order when
 * that was not refused. Each under its own key, so that an attempt that broke off between them is simply made again.
 */
export type ConfirmActivity = {
  confirm(input: {
    readonly orderId: string;
    readonly paymentId: string;
    readonly stockKey: string;
    readonly orderKey: string;
  }): Promise<Result<Confirmed>>;
};

/** What an order's life after its saga asks of the services. What returns nothing is never refused. */
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
