// Tries of a transaction that PostgreSQL aborted for a conflict; nothing of it happened, so trying again is safe.
const CONFLICT_TRIES = 5;
// 40001 serialization_failure, 40P01 deadlock_detected (PostgreSQL, appendix A).
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';

export async function retryConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error: unknown) {
      if (attempt === CONFLICT_TRIES || !CONFLICTS.has(sqlState(error))) throw error;
    }
  }
}

/** The name of the violated unique constraint, or undefined for any other error. */
export function violatedUnique(error: unknown): string | undefined {
  if (sqlState(error) !== UNIQUE_VIOLATION) return undefined;
  return field(error, 'constraint') ?? '';
}

function sqlState(error: unknown): string {
  return field(error, 'code') ?? '';
}

function field(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  if (typeof value === 'string') return value;
  return error instanceof Error && error.cause !== undefined ? field(error.cause, name) : undefined;
}
