/** Every timeout and retry of the order workflow, once, with its reason. */
import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';

// A dead worker is noticed when this time is over, and an attempt's RPCs have ended at four fifths of it.
const ATTEMPT_LIMIT = '10 seconds';

// A cancelled order is not kept waiting by a service that hangs: the undo's tombstone stops the call that is still on its way.
const AT_ONCE = ActivityCancellationType.TRY_CANCEL;

// Quick after a hiccup, gentle to a service that is down, back within half a minute of its return.
const BACKOFF = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** The one local attempt of a short step. It holds the workflow task, whose own limit is 10 s, so it must be short. */
export const LOCAL_ATTEMPT: LocalActivityOptions = {
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
  cancellationType: AT_ONCE,
};

/** A forward step, tried until the step's time is up. `limitMs` belongs to the caller, who knows how long a hold lives. */
export function forwardPolicy(limitMs: number): ActivityOptions {
  return {
    startToCloseTimeout: ATTEMPT_LIMIT,
    scheduleToCloseTimeout: limitMs,
    retry: BACKOFF,
    cancellationType: AT_ONCE,
  };
}

// Milliseconds that one round tries each undo: longer than a service needs to come back from a restart, and short enough that
// an outage is on an operator's list before customers call.
const UNDO_ROUND_MS = 120_000;

/** One round of an undo. It is tried again in the next round, for ever. */
export function undoPolicy(): ActivityOptions {
  return { ...CARRIED_THROUGH, scheduleToCloseTimeout: UNDO_ROUND_MS };
}

/** What has begun and must come to its end: no attempts are counted and no time is up. A minute at most between two attempts. */
export const CARRIED_THROUGH: ActivityOptions = {
  startToCloseTimeout: ATTEMPT_LIMIT,
  retry: { ...BACKOFF, maximumInterval: '1 minute' },
};

// Milliseconds between two rounds of undos of a parked order: from a minute up to an hour, because each round adds to the
// history.
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Milliseconds to wait after the given round of undos, the first being 1. */
export function pauseAfterRoundMs(round: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (round - 1), LONGEST_PAUSE_MS);
}
