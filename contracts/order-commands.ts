/** The commands of an order, as Updates of its workflow. Plain JSON without personal data: `actorId` is a user id. */
import { defineUpdate } from '@temporalio/workflow';
import type { Line, Money } from './money.ts';
import type { CompensationStep } from './saga-steps.ts';

export type ShipCommand = { readonly actorId: string; readonly carrier: string; readonly trackingNumber: string };

/** `deliveredAt` in RFC 3339; absent: now. */
export type DeliverCommand = { readonly actorId: string; readonly deliveredAt?: string };

export type CancelCommand = { readonly actorId: string; readonly reason: string };

export type ReturnCommand = {
  readonly actorId: string;
  /** A UUID that the caller chooses. A repeated id is the same return. */
  readonly returnId: string;
  /** Empty: all units that have not come back. */
  readonly lines: readonly Line[];
  readonly reason: string;
};

export type AcceptedReturn = { readonly returnId: string; readonly refund: Money; readonly lines: readonly Line[] };

/**
 * Each is answered after it was carried out. A refusal is an ApplicationFailure: its type is a reason of contracts/reasons, its
 * one detail is the facts. A repeated command gets the first answer.
 */
export const shipUpdate = defineUpdate<void, [ShipCommand]>('ship');
export const deliverUpdate = defineUpdate<void, [DeliverCommand]>('deliver');
export const cancelUpdate = defineUpdate<void, [CancelCommand]>('cancel');
export const requestReturnUpdate = defineUpdate<AcceptedReturn, [ReturnCommand]>('requestReturn');

/** An operator's decision about the undos of a parked order. */
export type CompensationCommand = {
  readonly actorId: string;
  readonly reason: string;
  /** Absent: every open undo. */
  readonly step?: CompensationStep;
  /** An external reference, such as the provider's refund id. */
  readonly reference?: string;
};

/** Tries the open undos again now. */
export const retryCompensationUpdate = defineUpdate<void, [CompensationCommand]>('retryCompensation');
/** Drops open undos that were done by other means. */
export const resolveCompensationUpdate = defineUpdate<void, [CompensationCommand]>('resolveCompensation');
