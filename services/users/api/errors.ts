import { DomainError } from '../../../platform/domain-error.ts';
import { type Codes, createToStatus, type ToStatus } from '../../../platform/rpc/domain-status.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import type { UserReason } from '../domain/errors.ts';

export const CODES: Codes<UserReason> = {
  user_unknown: 'NOT_FOUND',
  user_inactive: 'FAILED_PRECONDITION',
  email_taken: 'ALREADY_EXISTS',
  unauthenticated: 'UNAUTHENTICATED',
};

const byReason = createToStatus(CODES);

/** A taken address is `validation_failed` on the wire, with the code of its own reason: the request itself is well-formed. */
export const toStatus: ToStatus = (error) => {
  if (!(error instanceof DomainError) || error.violations.length === 0) return byReason(error);
  const { message, facts, violations } = error;
  return new StatusError({ code: CODES.email_taken, reason: 'validation_failed', message, facts, violations, cause: error });
};
