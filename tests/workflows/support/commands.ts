import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** The reason and the facts with which an order refused a command. */
export async function refusalOf(command: Promise<unknown>): Promise<{ reason: unknown; facts: unknown }> {
  const error = await command.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return { reason: error.cause.type, facts: error.cause.details?.[0] };
}
