/** Every timeout and retry of the order workflow, once, with its unit and its reason. */
import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';

// A dead worker is noticed after this time. The RPCs of an attempt time out earlier, at four fifths of it.
const ATTEMPT_LIMIT = '10 seconds';

// A cancelled order does not wait for a service that hangs. A call that arrives late is refused by the undo's tombstone.
const WITHOUT_WAITING = ActivityCancellationType.TRY_CANCEL;

// Quick after a hiccup, gentle to a service that is down, back within half a minute of its return.
const BACKOFF = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** The one local attempt of a step. It must be short, because it runs within the workflow task, whose limit is 10 s. */
export const LOCAL_ATTEMPT: LocalActivityOptions = {
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
  cancellationType: WITHOUT_WAITING,
};

/**
 * A forward step, retried until its budget is used up. `limitMs` is configured by the process that starts the order; it must be
 * shorter than the life of a hold on stock.
 */
export function forwardPolicy(limitMs: number): ActivityOptions {
  return {
    startToCloseTimeout: ATTEMPT_LIMIT,
    scheduleToCloseTimeout: limitMs,
    retry: BACKOFF,
    cancellationType: WITHOUT_WAITING,
  };
}

/** For a command that has begun: retried without limit, at most a minute between two attempts. */
export const UNTIL_DONE: ActivityOptions = {
  startToCloseTimeout: ATTEMPT_LIMIT,
  retry: { ...BACKOFF, maximumInterval: '1 minute' },
};

/**
 * One round of an undo. The number of rounds is not limited. Two minutes are longer than a service needs to come back
 * from a restart, and short enough that an outage is on an operator's list before customers call.
 */
export const UNDO_ROUND: ActivityOptions = { ...UNTIL_DONE, scheduleToCloseTimeout: '2 minutes' };

// Milliseconds between two rounds of a parked order: from a minute up to an hour, because each round adds to the history.
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Milliseconds to wait after the given round of undos, the first being 1. */
export function pauseAfterRoundMs(round: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (round - 1), LONGEST_PAUSE_MS);
}
