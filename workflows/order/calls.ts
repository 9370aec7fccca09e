/** The two ways in which an order calls its activities: regular, and local-first. */
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

/** Evaluated per call, because a timeout is the time that the step has left at the call. */
type Policy = () => ActivityOptions;

/** Schedules the activity in the history before it runs. Its retries are durable and visible. */
export function regular<A extends UntypedActivities>(policy: Policy): ActivityInterfaceFor<A> {
  return calling<A>(policy, (activity, input) => scheduleActivity(activity, input, policy()));
}

/**
 * Makes one local attempt, which costs the server nothing. After a fault it schedules a regular activity. No async function: the
 * SDK keeps the stack of every promise, which costs more than what the promise is for.
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

/** The saga's activities for each mode of a step. */
export function callsByMode(policy: Policy): Readonly<Record<StepMode, OrderActivities>> {
  return { 'local-first': localFirst<OrderActivities>(policy), regular: regular<OrderActivities>(policy) };
}

/**
 * The activities of an order's life.
 *
 * The first activity of a command is regular. Scheduling it completes the workflow task, which persists the command before
 * anything happens (LF4). A local attempt runs within the task instead: if the worker died during it, its effect would remain
 * without its command, and another command could take its place.
 *
 * Later activities are local-first. Money never moves by a local activity, because the payment provider is slow and external.
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
  // The target is used only for its type; no call reaches it.
  return new Proxy(proxyActivities<A>(policy()), {
    get:
      (_, name) =>
      (...input: unknown[]) =>
        call(String(name), input),
  });
}

/**
 * Whether the local attempt failed. A local activity rejects with its own failure; only a regular activity's is wrapped. A bug in
 * workflow code and the error of a cancelled workflow are not faults.
 */
function isFault(error: unknown): boolean {
  return error instanceof TemporalFailure && !CancellationScope.current().consideredCancelled;
}
