/** The one table from a gRPC error to an HTTP problem. */
import { isReason, type Reason } from '../contracts/reasons.ts';
import { type ErrorCode, StatusError } from '../platform/rpc/status-error.ts';
import { HttpProblem, RETRY_AFTER_S } from './problem.ts';
import { PROBLEMS } from './problems.ts';

type Row = {
  readonly status: number;
  readonly reason: Reason;
  /**
   * A refusal is the service's own words: its reason and message are made to be shown. Everything else may come from the
   * transport and names addresses, so it is answered in our words.
   */
  readonly ownWords: boolean;
  readonly retryAfterS?: number;
};

// FAILED_PRECONDITION stands for any refusal: its status is that of its reason.
const BY_CODE: Readonly<Record<ErrorCode, Row>> = {
  INVALID_ARGUMENT: { status: 400, reason: 'validation_failed', ownWords: true },
  OUT_OF_RANGE: { status: 400, reason: 'validation_failed', ownWords: true },
  UNAUTHENTICATED: { status: 401, reason: 'unauthenticated', ownWords: true },
  PERMISSION_DENIED: { status: 403, reason: 'forbidden', ownWords: true },
  NOT_FOUND: { status: 404, reason: 'not_found', ownWords: false },
  ALREADY_EXISTS: { status: 409, reason: 'validation_failed', ownWords: true },
  FAILED_PRECONDITION: { status: 409, reason: 'illegal_transition', ownWords: true },
  ABORTED: { status: 409, reason: 'unavailable', ownWords: false, retryAfterS: RETRY_AFTER_S },
  RESOURCE_EXHAUSTED: { status: 429, reason: 'rate_limited', ownWords: false, retryAfterS: RETRY_AFTER_S },
  CANCELLED: { status: 499, reason: 'unavailable', ownWords: false },
  INTERNAL: { status: 500, reason: 'internal', ownWords: false },
  UNKNOWN: { status: 500, reason: 'internal', ownWords: false },
  DATA_LOSS: { status: 500, reason: 'internal', ownWords: false },
  UNIMPLEMENTED: { status: 501, reason: 'internal', ownWords: false },
  UNAVAILABLE: { status: 503, reason: 'unavailable', ownWords: false, retryAfterS: RETRY_AFTER_S },
  DEADLINE_EXCEEDED: { status: 504, reason: 'deadline_exceeded', ownWords: false, retryAfterS: RETRY_AFTER_S },
};

export function problemOf(error: StatusError): HttpProblem {
  const row = BY_CODE[error.code];
  // Without a word of the closed set the error did not come from a service's refusal.
  const known = row.ownWords && isReason(error.reason) ? error.reason : undefined;
  const reason = known ?? row.reason;
  return new HttpProblem({
    reason,
    status: error.code === 'FAILED_PRECONDITION' && known ? PROBLEMS[known].status : row.status,
    detail: known ? error.message : PROBLEMS[reason].title,
    retryAfterS: row.retryAfterS === undefined ? undefined : (secondsOf(error.retryDelayMs) ?? row.retryAfterS),
    members: known ? membersOf(error) : {},
    cause: error,
  });
}

/** True when the service did not answer, or not in time: nothing is known of what it did. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}

function membersOf({ violations, facts }: StatusError) {
  // The key as services know it is put together from more than the caller sent.
  const { key: _, ...shown } = facts;
  return {
    ...(violations.length > 0
      ? { errors: violations.map(({ field, description }) => ({ pointer: pointerOf(field), detail: description })) }
      : {}),
    ...(Object.keys(shown).length > 0 ? { facts: shown } : {}),
  };
}

/** `lines.0.productId` of a proto message as the pointer of the JSON outside. */
export function pointerOf(field: string): string {
  return `/${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('.', '/')}`;
}

function secondsOf(delayMs: number | undefined): number | undefined {
  return delayMs === undefined ? undefined : Math.max(1, Math.ceil(delayMs / 1000));
}
