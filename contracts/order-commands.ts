/** The commands of an order, as Updates of its workflow. Plain JSON; the person who acts is named by user id, never by name. */
import { defineUpdate } from '@temporalio/workflow';
import type { Line, Money } from './money.ts';
import type { CompensationStep } from './saga-steps.ts';

export type ShipCommand = { readonly actorId: string; readonly carrier: string; readonly trackingNumber: string };

/** `deliveredAt` in RFC 3339; absent: now. */
export type DeliverCommand = { readonly actorId: string; readonly deliveredAt?: string };

export type CancelCommand = { readonly actorId: string; readonly reason: string };

export type ReturnCommand = {
  readonly actorId: string;
  /** A UUID made by the caller: the same one again is the same return. */
  readonly returnId: string;
  /** Empty: everything that is not back yet. */
  readonly lines: readonly Line[];
  readonly reason: string;
};

export type AcceptedReturn = { readonly returnId: string; readonly refund: Money; readonly lines: readonly Line[] };

/**
 * Each is answered when it is carried out. Refused with an ApplicationFailure whose type is a reason of contracts/reasons and
 * whose one detail is the facts; the same command again is answered as the first one was.
 */
export const shipUpdate = defineUpdate<void, [ShipCommand]>('ship');
export const deliverUpdate = defineUpdate<void, [DeliverCommand]>('deliver');
export const cancelUpdate = defineUpdate<void, [CancelCommand]>('cancel');
export const requestReturnUpdate = defineUpdate<AcceptedReturn, [ReturnCommand]>('requestReturn');

/** What an operator does about a parked order. */
export type CompensationCommand = {
  readonly actorId: string;
  readonly reason: string;
  /** Absent: every open undo. */
  readonly step?: CompensationStep;
  /** Of whatever was done by other means, such as a refund at the provider's desk. */
  readonly reference?: string;
};

/** Tries the open undos again now. */
export const retryCompensationUpdate = defineUpdate<void, [CompensationCommand]>('retryCompensation');
/** Takes undos off the list: they have been done by other means. */
export const resolveCompensationUpdate = defineUpdate<void, [CompensationCommand]>('resolveCompensation');
