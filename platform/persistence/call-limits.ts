/**
 * A statement that runs in a call ends with the call.
 *
 * CL1 A call that has ended sends no further statement, except the end of its transaction.
 * CL2 `begin` sets statement_timeout to what is left of the deadline, in the same round trip: PostgreSQL ends a running statement of a
 *     process that hangs. A transaction that is idle between two statements is not ended.
 * CL3 When the call ends, its running statement is cancelled in PostgreSQL.
 * CL4 A cancel request never reaches a later statement: the connection is handed back only when the request has been served.
 */
import type pg from 'pg';
import type { CallScope } from '../rpc/call-scope.ts';
import { cancelStatement } from './cancel-statement.ts';

const BEGIN = /^(begin|start transaction)\b/;

export function isTransactionEnd(statement: string): boolean {
  return statement === 'commit' || statement === 'rollback';
}

export function withStatementTimeout(statement: string, { deadlineAtMs }: CallScope): string {
  if (deadlineAtMs === Number.POSITIVE_INFINITY || !BEGIN.test(statement)) return statement;
  // Zero would turn the limit off.
  const leftMs = Math.max(1, Math.ceil(deadlineAtMs - Date.now()));
  return `${statement}; set local statement_timeout = ${leftMs}`;
}

/** Throws the signal's reason when the call has ended before or ends meanwhile. */
export async function endStatementWithCall<T>(client: pg.Client, { signal }: CallScope, send: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let cancelled: Promise<void> | undefined;
  const cancel = () => {
    cancelled = cancelStatement(client);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await send();
  } catch (error: unknown) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await cancelled;
  }
}
