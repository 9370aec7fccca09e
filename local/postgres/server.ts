// The embedded PostgreSQL. It listens on 127.0.0.1 only, has no Unix socket, and every connection needs a password.
import { execFile } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ConfigError } from '../../platform/config/load.ts';
import { type Guarded, spawnGuarded } from '../bootstrap/guard.mjs';
import { commandOf, stopProcess } from '../bootstrap/processes.mjs';
import type { PostgresHome } from './home.ts';

const SUPERUSER = 'postgres';
const MAJOR = '18';

// A fast shutdown writes a checkpoint; with more dirty pages than this takes to write, recovery does the rest at the next start.
const STOP_LIMIT_SECONDS = 4;
const INITDB_LIMIT_MS = 60_000;

// For a laptop: small buffers (the system caches files too), and connections for several instances of every service.
const MODEST = [
  'shared_buffers=64MB',
  'max_connections=200',
  'max_wal_size=512MB',
  'jit=off',
  'io_method=sync',
  'log_min_messages=warning',
];
// A statement that fails holds what it was to store, and the detail of a violated constraint too: personal data, and hashes of
// passwords, which must not be in a log. Services log their own errors without them.
const DISCREET = ['log_min_error_statement=panic', 'log_error_verbosity=terse'];
// Tests throw their data away.
const FORGETFUL = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

export type Postgres = ReturnType<typeof createPostgres>;

/**
 * A server over the data below `home`. `durable: false` gives up crash safety for speed. `password` is the superuser's,
 * fixed when the data is first made.
 */
export function createPostgres(options: {
  readonly home: PostgresHome;
  readonly port: number;
  readonly password: string;
  readonly durable: boolean;
}) {
  const { home, port, password } = options;
  const data = join(home.folder, 'data');
  const url = (database = 'postgres') => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  return {
    /** The superuser's URL: for making databases and roles, never for a service. */
    url,
    /** Makes the data if there is none, ends a server that was left over on it, and starts one. */
    async launch(): Promise<Guarded> {
      if (!existsSync(join(data, 'PG_VERSION'))) await initialise(home, data, password);
      const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
      if (version !== MAJOR) {
        throw new ConfigError(`${data} was written by PostgreSQL ${version} and this is ${MAJOR}: "npm run reset" forgets it`);
      }
      await stopLeftOver(data);
      return spawnGuarded({
        command: join(home.native, 'bin/postgres'),
        args: ['-D', data, ...settings(port, options.durable).flatMap((setting) => ['-c', setting])],
        env: serverEnvironment(),
        account: home.account,
        stopSignal: 'SIGINT',
        stopLimitSeconds: STOP_LIMIT_SECONDS,
      });
    },
    /** Rejects until the server takes connections. */
    async check(): Promise<{ version: string }> {
      const client = new pg.Client({ connectionString: url(), connectionTimeoutMillis: 2_000 });
      // The server may close the connection while it is still starting; the rejection below tells.
      client.on('error', () => {});
      try {
        await client.connect();
        const { rows } = await client.query<{ server_version: string }>('show server_version');
        return { version: rows[0]?.server_version ?? MAJOR };
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}

function settings(port: number, durable: boolean): string[] {
  return [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'timezone=UTC',
    ...MODEST,
    ...DISCREET,
    ...(durable ? [] : FORGETFUL),
  ];
}

function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

/** Into a folder of another name first, so that an interrupted start leaves nothing that looks complete. */
async function initialise(home: PostgresHome, data: string, password: string): Promise<void> {
  const unfinished = `${data}.new`;
  const passwordFile = join(home.folder, 'password');
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (home.account) chownSync(passwordFile, home.account.uid, home.account.gid);
  try {
    await promisify(execFile)(
      join(home.native, 'bin/initdb'),
      [
        ...['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
      ],
      { ...home.account, cwd: '/', env: serverEnvironment(), timeout: INITDB_LIMIT_MS },
    );
  } catch (error: unknown) {
    throw new ConfigError(`PostgreSQL could not make its data in ${data}: ${lastLine(error)}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, data);
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return (text || String(error)).split('\n').at(-1) ?? '';
}

/** A server whose supervisor and guard were both killed at once still holds the data; its number is in postmaster.pid. */
async function stopLeftOver(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (pid > 0 && commandOf(pid).includes(data)) {
    await stopProcess({ pid, signal: 'SIGINT', limitMs: STOP_LIMIT_SECONDS * 1_000 });
  }
}
