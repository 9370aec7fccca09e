import pg from 'pg';
import { ConfigError } from '../config/load.ts';

// Milliseconds for the first connection of a process: a server that is there answers in a few.
const CONNECT_LIMIT_MS = 5_000;

/** Refusals of PostgreSQL itself, by SQLSTATE. Any other error means that no server answers. */
const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password of role',
  '28000': 'refuses role',
  '3D000': 'has no such database for role',
  '42501': 'lets nobody in as role',
};

/**
 * Connects once, so that a process whose database is not there ends with one line that names the variable and the place. The
 * password is never part of it. The supervisor starts the process again.
 */
export async function requireDatabase<Variable extends string>(
  config: Readonly<Record<Variable, string>>,
  variable: Variable,
): Promise<void> {
  const client = new pg.Client({ connectionString: config[variable], connectionTimeoutMillis: CONNECT_LIMIT_MS });
  // A server that is stopping may close the connection; `connect` rejects then.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error: unknown) {
    throw new ConfigError(`${variable}: ${describe(config[variable], error)}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

function describe(url: string, error: unknown): string {
  const { host, username, pathname } = new URL(url);
  const place = `${host}${pathname}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const refusal = REFUSALS[code];
  if (refusal) return `PostgreSQL at ${place} ${refusal} ${username}`;
  // Of several addresses of one name each fails for its own reason, and the message of all together is empty.
  const why = code || (error instanceof Error ? error.message : String(error));
  return `no PostgreSQL answers at ${place} (${why})`;
}
