import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { OrderFailure } from '../../contracts/order.ts';
import type { StepName } from '../../contracts/saga-steps.ts';
import { StepRefused } from './saga.ts';

/** The failure of an order that was cancelled by a command or by Temporal's own request. */
export const CANCELLED_BY_REQUEST: OrderFailure = { step: null, reason: 'order_cancelled', facts: {} };

/**
 * Why the saga stopped, as the customer sees it. `cancelled`: the saga's steps were cancelled, and every later error is a
 * consequence of that. An unknown error is a bug of ours. It is a failure too, because every order must end (SG7).
 */
export function failureOf(error: unknown, at: { readonly step: StepName | null; readonly cancelled: boolean }): OrderFailure {
  if (error instanceof StepRefused) return error.failure;
  if (at.cancelled) return CANCELLED_BY_REQUEST;
  return { step: at.step, reason: outlastedItsLimit(error) ? 'unavailable' : 'internal', facts: {} };
}

/** True: the step was retried until its budget ran out. False: it failed with an error that is not retried. */
function outlastedItsLimit(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable);
}

/** Replay disagrees with the code. The workflow task must fail, so that Temporal retries it until fixed code is deployed. */
export function mustFailTheTask(error: unknown): boolean {
  return error instanceof DeterminismViolationError;
}
