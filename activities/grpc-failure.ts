/** The one table from an RPC's error to an activity's answer: a refusal, or a fault and whether Temporal retries it. */
import { ApplicationFailure } from '@temporalio/activity';
import type { Refusal } from '../contracts/activities.ts';
import { isReason, type Reason } from '../contracts/reasons.ts';
import { type ErrorCode, StatusError } from '../platform/rpc/status-error.ts';

/**
 * `refusal` the call did not happen and never will, if the service says why · `transient` may pass · `permanent` the same
 * call would fail again: a bug or a wrong deployment.
 */
type Meaning = 'refusal' | 'transient' | 'permanent';

const MEANINGS: Readonly<Record<ErrorCode, Meaning>> = {
  FAILED_PRECONDITION: 'refusal',
  NOT_FOUND: 'refusal',
  UNAVAILABLE: 'transient',
  DEADLINE_EXCEEDED: 'transient',
  ABORTED: 'transient',
  RESOURCE_EXHAUSTED: 'transient',
  CANCELLED: 'transient',
  INTERNAL: 'transient',
  UNKNOWN: 'transient',
  DATA_LOSS: 'transient',
  INVALID_ARGUMENT: 'permanent',
  OUT_OF_RANGE: 'permanent',
  ALREADY_EXISTS: 'permanent',
  UNIMPLEMENTED: 'permanent',
  PERMISSION_DENIED: 'permanent',
  UNAUTHENTICATED: 'permanent',
};

// Says nothing about this call: the one before it under the same key, with other contents, may have happened.
const NO_PROOF: ReadonlySet<Reason> = new Set(['idempotency_key_reused']);

/** The refusal that an error is; undefined for a fault. */
export function refusalOf(error: StatusError): Refusal | undefined {
  const { code, reason, facts } = error;
  if (MEANINGS[code] !== 'refusal' || !isReason(reason) || NO_PROOF.has(reason)) return undefined;
  return { ok: false, reason, facts };
}

/** An invalid field of a person's input, as a refusal with the first field and its description; undefined for any other error. */
export function invalidFieldOf(error: StatusError): Refusal | undefined {
  const [violation] = error.violations;
  if (error.code !== 'INVALID_ARGUMENT' || !violation) return undefined;
  return { ok: false, reason: 'validation_failed', facts: { field: violation.field, description: violation.description } };
}

/** The fault of a forward call. What trying again cannot mend is not tried again. */
export function faultOf(error: unknown, rpc: string): ApplicationFailure {
  const known = asStatusError(error);
  return failure(known, rpc, { nonRetryable: MEANINGS[known.code] !== 'transient' });
}

/** The fault of an undo, or of what must come to its end: tried again whatever it says, because neither is ever refused. */
export function undoFaultOf(error: unknown, rpc: string): ApplicationFailure {
  return failure(asStatusError(error), rpc, { nonRetryable: false });
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError({ code: 'UNKNOWN', reason: 'internal', message: 'Unexpected error', cause: error });
}

/** Histories and the Web UI show it, so it holds code and reason only: a transport's own message names addresses. */
function failure({ code, reason, retryDelayMs }: StatusError, rpc: string, options: { nonRetryable: boolean }) {
  return ApplicationFailure.create({
    message: `${rpc} answered ${code} (${reason})`,
    type: reason,
    nonRetryable: options.nonRetryable,
    ...(retryDelayMs === undefined ? {} : { nextRetryDelay: retryDelayMs }),
  });
}
