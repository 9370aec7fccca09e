import { errorField } from './error-field.ts';

// Attempts of a transaction that PostgreSQL aborts for a conflict. An aborted transaction has no effect, so that a retry is safe.
const CONFLICT_TRIES = 5;
// 40001 serialization_failure, 40P01 deadlock_detected (PostgreSQL, appendix A).
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';

export async function retryConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error: unknown) {
      if (attempt === CONFLICT_TRIES || !CONFLICTS.has(errorField(error, 'code') ?? '')) throw error;
    }
  }
}

/** The name of the violated unique constraint, or undefined for any other error. */
export function violatedUnique(error: unknown): string | undefined {
  if (errorField(error, 'code') !== UNIQUE_VIOLATION) return undefined;
  return errorField(error, 'constraint') ?? '';
}
