import { errorField } from './error-field.ts';

// SQLSTATE: class 08 connection exceptions, 57P01-57P03 the server stops or starts, 53300 too many connections.
const STATES = /^(08...|57P0[123]|53300)$/;
// Node's codes for a connection that could not be made or broke.
const SOCKET = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);
// pg and its pool give these errors no code.
const MESSAGES = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** The database cannot be reached, or the connection broke: the work may be retried. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = errorField(error, 'code');
  if (code !== undefined && (STATES.test(code) || SOCKET.has(code))) return true;
  return error instanceof Error && (MESSAGES.test(error.message) || isDatabaseUnavailable(error.cause));
}
