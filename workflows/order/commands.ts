import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope, log } from '@temporalio/workflow';
import type { Refusal, Result } from '../../contracts/activities.ts';
import { isReason, type Reason } from '../../contracts/reasons.ts';
import { mustFailTheTask } from './failure.ts';

/** The refusal of an Update. The failure's type is a reason of contracts/reasons; its one detail is the facts. */
export function commandRefused(reason: Reason, facts: Refusal['facts'] = {}): ApplicationFailure {
  return ApplicationFailure.create({
    message: `The command was refused: ${reason}`,
    type: reason,
    nonRetryable: true,
    details: [facts],
  });
}

/** Returns the result of a call. Throws the call's refusal as the command's. */
export function accepted<T extends object>(result: Result<T>): T {
  if (!result.ok) throw commandRefused(result.reason, result.facts);
  return result;
}

/**
 * Carries a command out, also when the workflow's own scope is cancelled. Turns every error into a refusal: an Error that is not
 * a Temporal failure would fail the workflow task, which Temporal retries forever, and the order would be stuck.
 */
export async function carryOut<T>(command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await CancellationScope.nonCancellable(work);
  } catch (error: unknown) {
    if (mustFailTheTask(error) || error instanceof ApplicationFailure) throw error;
    log.error('A command failed unexpectedly', { command, error });
    throw commandRefused(reasonOf(error));
  }
}

/** The reason of a call that failed without retry, such as one with an invalid time. */
function reasonOf(error: unknown): Reason {
  const type = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
  return typeof type === 'string' && isReason(type) ? type : 'internal';
}
