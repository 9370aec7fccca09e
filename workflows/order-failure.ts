import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { OrderFailure } from '../contracts/order.ts';
import type { StepName } from '../contracts/saga-steps.ts';
import { StepRefused } from './saga.ts';

/**
 * Why the saga stopped, as the customer is told. `cancelled`: the workflow was asked to cancel, and whatever is thrown from
 * then on is a consequence. Anything unknown is a bug of ours: the order must end all the same (SG7), so it is a failure too.
 */
export function failureOf(error: unknown, at: { readonly step: StepName | null; readonly cancelled: boolean }): OrderFailure {
  if (error instanceof StepRefused) return error.failure;
  if (at.cancelled) return { step: null, reason: 'order_cancelled', facts: {} };
  return { step: at.step, reason: outlastedItsLimit(error) ? 'unavailable' : 'internal', facts: {} };
}

/** A step whose time ran out while it was tried again; what trying again cannot mend ends it at once. */
function outlastedItsLimit(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable);
}

/** The workflow's code, not the order, is in question: the task must fail and be tried again by mended code. */
export function mustFailTheTask(error: unknown): boolean {
  return error instanceof DeterminismViolationError;
}
