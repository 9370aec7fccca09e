import { isReason, type Reason } from '../../../contracts/reasons.ts';
import { STEP_OF_ACTIVITY, type StepName } from '../../../contracts/saga-steps.ts';

/** A step that has failed and will be tried again. */
export type Retrying = {
  readonly step: StepName;
  readonly attempt: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: Reason;
};

/** What a description of a workflow says of an activity that has not ended (temporal.api.workflow.v1.PendingActivityInfo). */
export type PendingActivity = {
  readonly activityType?: { readonly name?: string | null } | null;
  readonly attempt?: number | null;
  readonly nextAttemptScheduleTime?: Timestamp | null;
  readonly lastFailure?: Failure | null;
};
type Timestamp = { readonly seconds?: number | { toNumber(): number } | null; readonly nanos?: number | null };
type Failure = {
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
  readonly timeoutFailureInfo?: object | null;
};

/** The first step that is being retried; undefined while everything is at its first attempt. */
export function retryingOf(pending: readonly PendingActivity[]): Retrying | undefined {
  for (const { activityType, attempt, nextAttemptScheduleTime, lastFailure } of pending) {
    const step = STEP_OF_ACTIVITY.get(activityType?.name ?? '');
    const tries = attempt ?? 1;
    if (step === undefined || (tries <= 1 && !lastFailure)) continue;
    return {
      step,
      attempt: tries,
      nextAttemptAt: nextAttemptScheduleTime ? dateOf(nextAttemptScheduleTime) : null,
      lastError: reasonOf(lastFailure),
    };
  }
  return undefined;
}

/** A word of the closed set: a failure's own message may name addresses. */
function reasonOf(failure: Failure | null | undefined): Reason {
  if (failure?.timeoutFailureInfo) return 'deadline_exceeded';
  const type = failure?.applicationFailureInfo?.type ?? '';
  return isReason(type) ? type : 'unavailable';
}

function dateOf({ seconds, nanos }: Timestamp): Date {
  const whole = typeof seconds === 'object' ? (seconds?.toNumber() ?? 0) : (seconds ?? 0);
  return new Date(whole * 1_000 + Math.floor((nanos ?? 0) / 1_000_000));
}
