import { createHash } from 'node:crypto';
import pg from 'pg';
import { Counter } from 'prom-client';
import { currentCall } from '../rpc/call-scope.ts';
import { endStatementWithCall, isTransactionEnd, withStatementTimeout } from './call-limits.ts';

/** Asks whether the database answers. Belongs to no request, so it is not counted. */
export const HEALTH_CHECK = 'select 1';

/** Every statement this process sent to PostgreSQL, transaction control included; createMetrics registers it. */
export const sqlStatements = new Counter({
  name: 'sql_statements_total',
  help: 'Statements sent to PostgreSQL, begin and commit included.',
  registers: [],
});

// Distinct statements that a connection keeps prepared; a process has a few dozen. Further ones are sent as plain text. Not an LRU
// cache: PostgreSQL keeps what a session has prepared, so that forgetting a name here would free nothing there.
const PREPARED_MAX = 500;
const names = new Map<string, string>();

/**
 * A connection that prepares each statement with bound values once and afterwards sends only its name and the values:
 * PostgreSQL parses and plans it once. Needs a connection of its own per session (no pooler in transaction mode between).
 * A statement that runs in a call ends with the call (call-limits.ts).
 */
export class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg declares a dozen overloads of query; this passes them all through.
  override query(config: any, values?: any, callback?: any): any {
    if (config !== HEALTH_CHECK) sqlStatements.inc();
    const call = currentCall();
    // pg itself passes callbacks and query objects; every statement of a service is a text whose result is a promise.
    const ownStatement = typeof config === 'string' && typeof values !== 'function' && callback === undefined;
    if (!call || !ownStatement || isTransactionEnd(config)) return this.#send(config, values, callback);
    return endStatementWithCall(this, call, () => this.#send(withStatementTimeout(config, call), values, undefined));
  }

  // biome-ignore lint/suspicious/noExplicitAny: see query.
  #send(config: any, values: any, callback: any): any {
    if (typeof config !== 'string' || !Array.isArray(values) || values.length === 0) return super.query(config, values, callback);
    const name = nameOf(config);
    return name === undefined ? super.query(config, values, callback) : super.query({ name, text: config, values }, callback);
  }
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= PREPARED_MAX) return known;
  // At most 63 bytes, or PostgreSQL cuts it.
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  return name;
}
