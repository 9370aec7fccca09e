/** The two processes of a Temporal on PostgreSQL, as the supervisor of local/ runs them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { spawnGuarded } from '../../local/bootstrap/guard.mjs';
import { postgresSpec } from '../../local/postgres/spec.ts';
import { asPartProcess } from '../../local/supervisor/part-process.ts';
import type { UnitSpec } from '../../local/supervisor/unit.ts';
import type { TemporalDatabases } from './config.ts';

const NAMESPACE = 'default';
// The least that a server takes.
const RETENTION = '1 day';
const STOP_LIMIT_SECONDS = 5;
const SCHEMA_LIMIT_MS = 60_000;
const CHECK_LIMIT_MS = 5_000;

/** Ready once both databases have the schema of this version, which `tool` knows. */
export function databaseSpec(options: {
  readonly folder: string;
  readonly port: number;
  readonly superuserPassword: string;
  readonly databases: TemporalDatabases;
  readonly tool: string;
}): UnitSpec {
  const { folder, port, superuserPassword, databases, tool } = options;
  const spec = postgresSpec({
    paths: { postgres: join(folder, 'postgres') },
    ports: { POSTGRES_PORT: port },
    superuserPassword,
    passwords: databases,
  });
  let prepared = false;
  return {
    ...spec,
    async check() {
      const health = await spec.check();
      if (prepared) return health;
      for (const [database, password] of Object.entries(databases)) await prepareSchema({ tool, port, database, password });
      prepared = true;
      return health;
    },
  };
}

async function prepareSchema(options: {
  readonly tool: string;
  readonly port: number;
  readonly database: string;
  readonly password: string;
}): Promise<void> {
  const { tool, port, database, password } = options;
  const schema = `postgresql/v12/${database === 'temporal' ? 'temporal' : 'visibility'}`;
  const sql = (...args: string[]) =>
    promisify(execFile)(
      tool,
      ['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(port), '-u', database, '--db', database, ...args],
      { env: { PATH: process.env.PATH, SQL_PASSWORD: password }, timeout: SCHEMA_LIMIT_MS },
    );
  await sql('setup', '-v', '0.0');
  await sql('update', '--schema-name', schema);
}

/** Ready once it answers for the namespace. */
export function serverSpec(options: { readonly program: string; readonly config: string; readonly address: string }): UnitSpec {
  const { program, config, address } = options;
  return {
    name: 'temporal',
    after: ['postgres'],
    address,
    launch: async () =>
      asPartProcess(
        await spawnGuarded({
          command: program,
          args: ['--config-file', config, '--allow-no-auth', 'start'],
          env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', GOGC: '400' },
          stopSignal: 'SIGTERM',
          stopLimitSeconds: STOP_LIMIT_SECONDS,
        }),
      ),
    check: () => requireNamespace(address),
  };
}

/** Rejects until the server answers for the namespace; makes it when there is none. */
async function requireNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: CHECK_LIMIT_MS });
  const { workflowService } = connection;
  try {
    const { namespaces } = await workflowService.listNamespaces({});
    const known = namespaces.some(({ namespaceInfo }) => namespaceInfo?.name === NAMESPACE);
    if (!known) {
      await workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod: msToTs(RETENTION) });
    }
    // A namespace that was just made is listed before the rest of the server knows it.
    await workflowService.listOpenWorkflowExecutions({ namespace: NAMESPACE, maximumPageSize: 1 });
  } finally {
    await connection.close();
  }
}
