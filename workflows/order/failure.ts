import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { OrderFailure } from '../../contracts/order.ts';
import type { StepName } from '../../contracts/saga-steps.ts';
import { StepRefused } from './saga.ts';

/** The failure of an order that was cancelled by a command or by Temporal's own request. */
export const CANCELLED_BY_REQUEST: OrderFailure = { step: null, reason: 'order_cancelled', facts: {} };

/**
 * Why the saga stopped, as the customer sees it. `cancelled`: the story was cancelled, and every later error is a consequence of
 * that. An unknown error is a bug of ours: the order must end all the same (SG7), so it is a failure too.
 */
export function failureOf(error: unknown, at: { readonly step: StepName | null; readonly cancelled: boolean }): OrderFailure {
  if (error instanceof StepRefused) return error.failure;
  if (at.cancelled) return CANCELLED_BY_REQUEST;
  return { step: at.step, reason: outlastedItsLimit(error) ? 'unavailable' : 'internal', facts: {} };
}

/** The step's budget ran out while it was retried; a failure that a retry cannot mend ends it immediately. */
function outlastedItsLimit(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable);
}

/** The workflow's code, not the order, is in question: the task must fail and be tried again by mended code. */
export function mustFailTheTask(error: unknown): boolean {
  return error instanceof DeterminismViolationError;
}
