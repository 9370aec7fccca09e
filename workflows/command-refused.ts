import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope, log } from '@temporalio/workflow';
import type { Refusal } from '../contracts/activities.ts';
import { isReason, type Reason } from '../contracts/reasons.ts';
import { mustFailTheTask } from './order-failure.ts';

/** How an Update says no: a reason of the closed set as its type and the facts as its detail. */
export function commandRefused(reason: Reason, facts: Refusal['facts'] = {}): ApplicationFailure {
  return ApplicationFailure.create({
    message: `The command was refused: ${reason}`,
    type: reason,
    nonRetryable: true,
    details: [facts],
  });
}

/**
 * Carries a command out, whatever becomes of the workflow's own scope. Anything that is thrown ends as a refusal: an error
 * that is no failure would be tried again as a workflow task for ever, and the order with it.
 */
export async function carryOut<T>(command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await CancellationScope.nonCancellable(work);
  } catch (error: unknown) {
    if (mustFailTheTask(error) || error instanceof ApplicationFailure) throw error;
    log.error('A command failed in a way that nobody expected', { command, error });
    throw commandRefused(reasonOf(error));
  }
}

/** What a call that trying again cannot mend was answered with, such as a time that cannot be. */
function reasonOf(error: unknown): Reason {
  const type = error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
  return typeof type === 'string' && isReason(type) ? type : 'internal';
}
