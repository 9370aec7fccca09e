import pg from 'pg';
import { HEALTH_CHECK, PreparingClient } from './client.ts';
import { retryConflicts } from './retry.ts';
import { type Sql, sqlOn, sqlOnAny } from './sql.ts';

export type SqlPool = ReturnType<typeof openPool>;

// Milliseconds to get a connection before the call fails.
const ACQUIRE_LIMIT_MS = 5_000;

/** A database without entities, for processes outside services/. Connects on first use. */
export function openPool(options: { readonly url: string; readonly max: number; readonly onError: (error: Error) => void }) {
  const pool = new pg.Pool({
    connectionString: options.url,
    Client: PreparingClient,
    max: options.max,
    connectionTimeoutMillis: ACQUIRE_LIMIT_MS,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection that the server dropped; without a listener it would end the process.
  pool.on('error', options.onError);
  // A connection that breaks between two statements of a transaction makes the next statement fail: nothing to do here.
  pool.on('connect', (client) => client.on('error', () => {}));
  const sql = sqlOnAny(pool);
  return {
    query: sql.query,
    /** Commits when `work` resolves; a conflict with another transaction runs it again from the start. */
    transaction: <T>(work: (transaction: { readonly sql: Sql }) => Promise<T>): Promise<T> =>
      retryConflicts(async () => {
        const client = await pool.connect();
        try {
          await client.query('begin');
          const result = await work({ sql: sqlOn(client) });
          await client.query('commit');
          client.release();
          return result;
        } catch (error: unknown) {
          // The connection's state is unknown: closing it rolls back.
          client.release(true);
          throw error;
        }
      }),
    check: () => sql.query(HEALTH_CHECK),
    close: () => pool.end(),
  };
}
