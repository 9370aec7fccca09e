/** The one table from a gRPC error to an HTTP problem. */
import { isReason, type Reason } from '../../contracts/reasons.ts';
import { type ErrorCode, StatusError } from '../../platform/rpc/status-error.ts';
import { HttpProblem, RETRY_AFTER_S } from './problem.ts';
import { PROBLEMS } from './problems/table.ts';

type Row = {
  readonly status: number;
  readonly reason: Reason;
  /**
   * The service's reason and message are answered: they are made to be shown. Any other error may come from the transport and name
   * addresses, so it is answered with the reason of this row.
   */
  readonly shown: boolean;
  readonly retryAfterS?: number;
};

// FAILED_PRECONDITION stands for any refusal: its status is the one of its reason.
const BY_CODE: Readonly<Record<ErrorCode, Row>> = {
  INVALID_ARGUMENT: { status: 400, reason: 'validation_failed', shown: true },
  OUT_OF_RANGE: { status: 400, reason: 'validation_failed', shown: true },
  UNAUTHENTICATED: { status: 401, reason: 'unauthenticated', shown: true },
  PERMISSION_DENIED: { status: 403, reason: 'forbidden', shown: true },
  NOT_FOUND: { status: 404, reason: 'not_found', shown: false },
  ALREADY_EXISTS: { status: 409, reason: 'conflict', shown: true },
  FAILED_PRECONDITION: { status: 409, reason: 'illegal_transition', shown: true },
  ABORTED: { status: 409, reason: 'conflict', shown: false, retryAfterS: RETRY_AFTER_S },
  RESOURCE_EXHAUSTED: { status: 429, reason: 'rate_limited', shown: false, retryAfterS: RETRY_AFTER_S },
  CANCELLED: { status: 499, reason: 'unavailable', shown: false },
  INTERNAL: { status: 500, reason: 'internal', shown: false },
  UNKNOWN: { status: 500, reason: 'internal', shown: false },
  DATA_LOSS: { status: 500, reason: 'internal', shown: false },
  UNIMPLEMENTED: { status: 501, reason: 'internal', shown: false },
  UNAVAILABLE: { status: 503, reason: 'unavailable', shown: false, retryAfterS: RETRY_AFTER_S },
  DEADLINE_EXCEEDED: { status: 504, reason: 'deadline_exceeded', shown: false, retryAfterS: RETRY_AFTER_S },
};

// A full limit is a 503 under every code.
const OVERLOADED: Row = { status: 503, reason: 'overloaded', shown: false, retryAfterS: RETRY_AFTER_S };

export function problemOf(error: StatusError): HttpProblem {
  const row = error.reason === 'overloaded' ? OVERLOADED : BY_CODE[error.code];
  // An error without a reason of the closed set is no refusal of a service.
  const known = row.shown && isReason(error.reason) ? (takenReason(error) ?? error.reason) : undefined;
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

// A value that must be unique is a field violation for its service; outside it has a reason of its own.
const TAKEN: Readonly<Record<string, Reason>> = { email: 'email_taken', sku: 'sku_taken' };

function takenReason({ code, violations: [first] }: StatusError): Reason | undefined {
  return code === 'ALREADY_EXISTS' && first ? TAKEN[first.field] : undefined;
}

/** True when the service did not answer, or not in time: whether the call had its effect is unknown. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
}

function membersOf({ violations, facts }: StatusError) {
  // The key that services store is composed of more than the caller sent.
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
