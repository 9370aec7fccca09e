import { TemporalFailure } from '@temporalio/common';
import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  CancellationScope,
  type LocalActivityOptions,
  log,
  proxyActivities,
  scheduleActivity,
  scheduleLocalActivity,
  type UntypedActivities,
} from '@temporalio/workflow';

/**
 * Activities that make one local attempt, which costs the server nothing, and on any fault go on as a regular activity,
 * which retries durably and visibly. `regular` is asked when that happens, so that its limit is what is left by then.
 */
export function localFirst<A extends UntypedActivities>(policies: {
  readonly local: LocalActivityOptions;
  readonly regular: () => ActivityOptions;
}): ActivityInterfaceFor<A> {
  // The target carries the types alone; no call reaches it.
  return new Proxy(proxyActivities<A>(policies.regular()), {
    get: (_, name) => {
      const activity = String(name);
      // No async function: the SDK keeps the stack of every promise, which costs more than what the promise is for.
      return (...input: unknown[]) =>
        scheduleLocalActivity(activity, input, policies.local).catch((error: unknown) => {
          if (!isFault(error)) throw error;
          log.info('The local attempt failed; going on as a regular activity', { activity });
          return scheduleActivity(activity, input, policies.regular());
        });
    },
  });
}

/**
 * What a local activity failed with: its own failure, not wrapped as a regular activity's is. A bug in workflow code is no
 * fault, and neither is what a cancelled workflow throws.
 */
function isFault(error: unknown): boolean {
  return error instanceof TemporalFailure && !CancellationScope.current().consideredCancelled;
}
