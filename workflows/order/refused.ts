import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope, log } from '@temporalio/workflow';
import type { Refusal, Result } from '../../contracts/activities.ts';
import { isReason, type Reason } from '../../contracts/reasons.ts';
import { mustFailTheTask } from './failure.ts';

/** How an Update is refused: a reason of the closed set as the failure's type, the facts as its detail. */
export function commandRefused(reason: Reason, facts: Refusal['facts'] = {}): ApplicationFailure {
  return ApplicationFailure.create({
    message: `The command was refused: ${reason}`,
    type: reason,
    nonRetryable: true,
    details: [facts],
  });
}

/** The result of a call; a refusal becomes the command's. */
export function accepted<T extends object>(result: Result<T>): T {
  if (!result.ok) throw commandRefused(result.reason, result.facts);
  return result;
}

/**
 * Carries a command out, also when the workflow's own scope is cancelled. Every error ends as a refusal: one that is no failure
 * would fail the workflow task, which Temporal retries for ever, and the order with it.
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

/** The answer to a call that a retry cannot mend, such as an impossible time. */
function reasonOf(error: unknown): Reason {
  const type = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
  return typeof type === 'string' && isReason(type) ? type : 'internal';
}
