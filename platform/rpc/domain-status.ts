import { DomainError } from '../domain-error.ts';
import type { Reason } from './reason.ts';
import { type ErrorCode, StatusError } from './status-error.ts';

/** A service's table from the reasons of its domain to gRPC codes. A reason without a row does not compile. */
export type Codes<DomainReason extends Reason> = Readonly<Record<DomainReason, ErrorCode>>;

/** Turns a domain error into the status that the table says; leaves every other error as it is. */
export type ToStatus = (error: unknown) => unknown;

/** A domain error that names fields is INVALID_ARGUMENT: the request is wrong in every state. */
export function createToStatus<DomainReason extends Reason>(codes: Codes<DomainReason>): ToStatus {
  const known: ReadonlyMap<string, ErrorCode> = new Map(Object.entries<ErrorCode>(codes));
  return (error) => {
    if (!(error instanceof DomainError)) return error;
    const { reason, message, facts, violations } = error;
    const code = violations.length > 0 ? 'INVALID_ARGUMENT' : known.get(reason);
    if (code === undefined) return error;
    return new StatusError({ code, reason, message, facts, violations, cause: error });
  };
}
