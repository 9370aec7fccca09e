/** How the activities of an order are called: regular, or local-first. */
import { TemporalFailure } from '@temporalio/common';
import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  CancellationScope,
  log,
  proxyActivities,
  scheduleActivity,
  scheduleLocalActivity,
  type UntypedActivities,
} from '@temporalio/workflow';
import type { OrderActivities, OrderLifeActivities } from '../../contracts/activities.ts';
import type { StepMode } from '../../contracts/saga-steps.ts';
import { LOCAL_ATTEMPT, UNTIL_DONE } from './policies.ts';

/** `policy` is read at each call, so that the limit is what is left by then. */
type Policy = () => ActivityOptions;

/** Activities that are in the history before anything happens, and that retry durably and visibly. */
export function regular<A extends UntypedActivities>(policy: Policy): ActivityInterfaceFor<A> {
  return calling<A>(policy, (activity, input) => scheduleActivity(activity, input, policy()));
}

/**
 * Activities that make one local attempt, which costs the server nothing, and on any fault go on as a regular activity. No async
 * function: the SDK keeps the stack of every promise, which costs more than what the promise is for.
 */
export function localFirst<A extends UntypedActivities>(policy: Policy): ActivityInterfaceFor<A> {
  return calling<A>(policy, (activity, input) =>
    scheduleLocalActivity(activity, input, LOCAL_ATTEMPT).catch((error: unknown) => {
      if (!isFault(error)) throw error;
      log.info('The local attempt failed; going on as a regular activity', { activity });
      return scheduleActivity(activity, input, policy());
    }),
  );
}

/** The saga's activities, as each mode of a step calls them. */
export function callsByMode(policy: Policy): Readonly<Record<StepMode, OrderActivities>> {
  return { 'local-first': localFirst<OrderActivities>(policy), regular: regular<OrderActivities>(policy) };
}

/**
 * The activities of an order's life. The first one of a command is regular: with its scheduling the workflow task ends, and that
 * writes the command to the history before anything is done. A local attempt is made within the task: a worker that died on it
 * would leave its effect behind, and another command could come first (LF4). The others are local-first, but never one that
 * moves money, since the payment provider is slow and external.
 */
export function lifeCalls(): OrderLifeActivities {
  const { shipOrder, restockReturn, completeReturn } = localFirst<OrderLifeActivities>(() => UNTIL_DONE);
  const { commitReservation, deliverOrder, requestReturn, refundReturn, recordIntervention } = regular<OrderLifeActivities>(
    () => UNTIL_DONE,
  );
  return {
    commitReservation,
    shipOrder,
    deliverOrder,
    requestReturn,
    refundReturn,
    restockReturn,
    completeReturn,
    recordIntervention,
  };
}

function calling<A extends UntypedActivities>(
  policy: Policy,
  call: (activity: string, input: unknown[]) => Promise<unknown>,
): ActivityInterfaceFor<A> {
  // The target carries the types alone; no call reaches it.
  return new Proxy(proxyActivities<A>(policy()), {
    get:
      (_, name) =>
      (...input: unknown[]) =>
        call(String(name), input),
  });
}

/**
 * A local activity fails with its own failure, not wrapped as a regular activity's is. A bug in workflow code is no fault, and
 * neither is the error of a cancelled workflow.
 */
function isFault(error: unknown): boolean {
  return error instanceof TemporalFailure && !CancellationScope.current().consideredCancelled;
}
