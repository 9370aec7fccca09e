import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { eventually } from './eventually.ts';

export type TestDatabase = {
  readonly url: string;
  /** Nobody is connected from now on, and nobody gets a connection. */
  takeAway(): Promise<void>;
  drop(): Promise<void>;
};

/**
 * An empty database of its own, with a role of its own that owns it, as a service gets one; on the tests' server unless `on` is
 * the superuser's URL of another.
 */
export async function createDatabase(name: string, on = testPostgresUrl()): Promise<TestDatabase> {
  const server = new URL(on);
  const unique = `${name}_${randomBytes(5).toString('hex')}`;
  const identifier = pg.escapeIdentifier(unique);
  await query(
    on,
    `create role ${identifier} login password 'test'`,
    `create database ${identifier} owner ${identifier}`,
    `revoke all on database ${identifier} from public`,
  );
  return {
    url: `postgres://${unique}:test@${server.host}/${unique}`,
    takeAway: () =>
      query(
        on,
        `alter database ${identifier} connection limit 0`,
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${unique}'`,
      ),
    drop: () => drop(on, unique),
  };
}

// A pool that was ended takes a moment to close its connections, and one that is cut off has nobody to tell.
const CLOSING_LIMIT_MS = 5_000;

async function drop(connectionString: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const open = async () => (await client.query('select from pg_stat_activity where datname = $1', [name])).rowCount ?? 0;
  try {
    await eventually(open, (connections) => connections === 0, CLOSING_LIMIT_MS).catch(() => undefined);
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    await client.query(`drop role if exists ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** The superuser's URL of the tests' server. */
export function testPostgresUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('TEST_POSTGRES_URL is not set: run tests with "npm test", whose global set-up starts PostgreSQL');
  return url;
}

async function query(connectionString: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
