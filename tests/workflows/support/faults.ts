/** Trouble between the worker and the real activities: one fault in one call of one order. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { wrapActivities } from '../../../activities/wrap-activities.ts';
import { about, isForward, isUndo, type SagaCall, type SagaCalls } from '../../../testkit/saga-activities.ts';

/** How the order ends, and whether the call had taken effect before that. */
type Course = { readonly ends: 'confirmed' | 'cancelled'; readonly happens: boolean };

const GOES_ON: Course = { ends: 'confirmed', happens: true };
const UNDONE: Course = { ends: 'cancelled', happens: true };
const NEVER_HAPPENS: Course = { ends: 'cancelled', happens: false };

/** How a call goes wrong. */
export const FAULTS = {
  refused: NEVER_HAPPENS,
  'fails locally, heals in the fallback': GOES_ON,
  'fails twice, heals while it is retried': GOES_ON,
  'fails for good': NEVER_HAPPENS,
  'fails until the step is given up': NEVER_HAPPENS,
  'happens, its answer is lost, the next one arrives': GOES_ON,
  'happens, its answers are lost until the step is given up': UNDONE,
  'the order is cancelled before the call takes effect': NEVER_HAPPENS,
  'the order is cancelled when the call has taken effect': UNDONE,
  'the call takes effect after its undo': NEVER_HAPPENS,
  'a bug in workflow code before the call': NEVER_HAPPENS,
  'a bug in workflow code after the call': UNDONE,
} as const satisfies Record<string, Course>;

/** Of every local-first call; each is run by a worker process of its own (crash-lab.ts). */
export const CRASHES = {
  'its worker dies when the call has taken effect, then the order is cancelled': UNDONE,
  'its worker dies when the call has taken effect, then a call is refused on the second run': UNDONE,
} as const satisfies Record<string, Course>;

export type Fault = keyof typeof FAULTS;
export type CrashFault = keyof typeof CRASHES;

export type Plan = { readonly activity: SagaCall; readonly fault: Fault };

export type Watched = {
  readonly plan: Plan;
  /** Every call, in its order; undos among them. */
  readonly calls: SagaCall[];
  /** What a call that arrived after everything was over was answered. */
  late: Promise<unknown> | undefined;
  cancel(): Promise<unknown>;
  /** Gives the service a reason to refuse the call; however often it is asked for, once. */
  provoke(): Promise<unknown>;
  /** A call that was refused was made again. */
  refusedAndAskedAgain: boolean;
  /** Resolves when the order has ended. */
  ended: Promise<unknown>;
};

const refused = new WeakSet<Watched>();
const DOWN = () => new Error('the service is down');

/** The real activities with each order's own fault in them. Orders are known by their id and by their user's. */
export function withFaults<A extends SagaCalls>(real: A, orders: ReadonlyMap<string, Watched>): A {
  return wrapActivities(real, (activity, call) => {
    if (!isForward(activity) && !isUndo(activity)) return call;
    return async (input) => {
      const order = orders.get(about.parse(input));
      if (!order) throw new Error('No cell of the matrix placed this order');
      order.calls.push(activity);
      const nth = order.calls.filter((made) => made === activity).length;
      const take = () => call(input);
      return order.plan.activity === activity ? go(order, nth, take) : take();
    };
  });
}

async function go(order: Watched, nth: number, take: () => Promise<unknown>): Promise<unknown> {
  switch (order.plan.fault) {
    case 'refused': {
      // Not the number of calls: on a busy machine the local attempt may run out of time before it is answered.
      if (refused.has(order)) order.refusedAndAskedAgain = true;
      await order.provoke();
      const answer = await take();
      refused.add(order);
      return answer;
    }
    case 'fails locally, heals in the fallback':
      if (nth === 1) throw DOWN();
      return take();
    case 'fails twice, heals while it is retried':
      if (nth <= 2) throw DOWN();
      return take();
    case 'fails for good':
      throw ApplicationFailure.nonRetryable('The service answered INVALID_ARGUMENT', 'validation_failed');
    case 'fails until the step is given up':
      throw DOWN();
    case 'happens, its answer is lost, the next one arrives':
      await take();
      if (nth === 1) throw DOWN();
      return take();
    case 'happens, its answers are lost until the step is given up':
      await take();
      throw DOWN();
    case 'the order is cancelled before the call takes effect':
      await askToCancel(order, nth);
      throw DOWN();
    case 'the order is cancelled when the call has taken effect':
      if (nth === 1 && Context.current().info.isLocal) throw DOWN();
      await take();
      await order.cancel();
      throw DOWN();
    case 'the call takes effect after its undo':
      await askToCancel(order, nth);
      order.late = order.ended.then(take);
      throw DOWN();
    case 'a bug in workflow code before the call':
    case 'a bug in workflow code after the call':
      return take();
  }
}

/** In a regular attempt: a local one holds the workflow's task, in which a cancel request is not seen. */
async function askToCancel(order: Watched, nth: number): Promise<void> {
  if (nth === 1 && Context.current().info.isLocal) throw DOWN();
  await order.cancel();
  // A fault that is tried again: the workflow must not take it for the call's end.
  if (nth > 2) throw ApplicationFailure.nonRetryable('The cancel request was not heard');
}
