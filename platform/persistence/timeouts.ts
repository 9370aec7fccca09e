import { errorField } from './error-field.ts';

// PostgreSQL, appendix A.
const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';

/** Another transaction held a lock for longer than lock_timeout. Nothing of the failed transaction happened. */
export function isLockTimeout(error: unknown): boolean {
  return errorField(error, 'code') === LOCK_NOT_AVAILABLE;
}

/** A statement took longer than statement_timeout, which is what was left of its call's deadline. */
export function isStatementTimeout(error: unknown): boolean {
  return errorField(error, 'code') === QUERY_CANCELED;
}
