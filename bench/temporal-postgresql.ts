/**
 * The production-like Temporal: the server itself, its four services in one process, on a PostgreSQL of its own, with fsync. Built
 * once with Go and kept with the user's other binaries.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { type Guarded, spawnGuarded } from '../local/guard.mjs';
import { pickFreePort } from '../local/ports.ts';
import { createPostgres } from '../local/postgres.ts';
import { preparePostgresHome } from '../local/postgres-home.ts';
import { createProgress } from '../local/progress.mjs';
import { cacheFolder } from '../local/temporal-binary.mjs';
import { goEnvironment, inWorkFolder, run } from '../local/temporal-fetch.mjs';
import { waitFor } from '../local/wait.ts';

const VERSION = '1.32.1';
const MODULE = 'go.temporal.io/server';
const READY_LIMIT_MS = 60_000;
const BUILD_LIMIT_MS = 1_800_000;
const PASSWORD = 'bench';
const STOP_LIMIT_SECONDS = 5;
// A day, the least that the server takes.
const RETENTION_S = 86_400;

export type TemporalOnPostgresql = {
  readonly address: string;
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
};

export async function startTemporalOnPostgresql(): Promise<TemporalOnPostgresql> {
  const binaries = await findBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-temporal-'));
  chmodSync(folder, 0o711);
  const postgresPort = await pickFreePort();
  const postgres = createPostgres({
    home: preparePostgresHome(join(folder, 'postgres')),
    port: postgresPort,
    password: PASSWORD,
    durable: true,
  });
  const database = await postgres.launch();
  await waitFor(postgres.check, READY_LIMIT_MS, () => false);
  for (const name of ['temporal', 'visibility'] as const) await prepareSchema(binaries.sql, postgresPort, name);
  const ports = await freePorts(9);
  const config = join(folder, 'server.yaml');
  writeFileSync(join(folder, 'dynamic.yaml'), DYNAMIC);
  writeFileSync(config, serverConfig(postgresPort, ports, join(folder, 'dynamic.yaml')));
  const server = await spawnGuarded({
    command: binaries.server,
    args: ['--config-file', config, '--allow-no-auth', 'start'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', GOGC: '400' },
    stopSignal: 'SIGTERM',
    stopLimitSeconds: STOP_LIMIT_SECONDS,
  });
  server.stdout.resume();
  server.stderr.resume();
  const address = `127.0.0.1:${ports[0]}`;
  await waitFor(
    () => registerNamespace(address),
    READY_LIMIT_MS,
    () => false,
  );
  return {
    address,
    pids: { temporal: server.pid, "temporal's postgres": database.pid },
    async stop() {
      await ended(server);
      await ended(database);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function findBinaries(): Promise<{ server: string; sql: string }> {
  const folder = join(dirname(cacheFolder(process.env)), `temporal-server-${VERSION}`);
  const [server, sql] = [join(folder, 'server'), join(folder, 'sql')];
  if (!existsSync(server) || !existsSync(sql)) await build(folder);
  return { server, sql };
}

async function build(folder: string): Promise<void> {
  const task = createProgress({ stream: process.stderr }).begin(
    'Temporal server',
    `building ${VERSION} with Go, once, about 8 minutes`,
  );
  try {
    await inWorkFolder(folder, async (work: string) => {
      const env = await goEnvironment(work, process.env);
      for (const program of ['cmd/server', 'cmd/tools/sql']) {
        await run('go', ['install', '-ldflags', '-s -w', `${MODULE}/${program}@v${VERSION}`], { env, limitMs: BUILD_LIMIT_MS });
      }
      for (const name of ['server', 'sql']) renameSync(join(work, 'bin', name), join(folder, name));
    });
  } catch (error: unknown) {
    throw new Error(
      `Temporal server ${VERSION} could not be built with Go: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    task.end();
  }
}

async function prepareSchema(tool: string, port: number, name: 'temporal' | 'visibility'): Promise<void> {
  const database = name === 'temporal' ? 'temporal' : 'temporal_visibility';
  const access = ['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(port), '-u', 'postgres', '--pw', PASSWORD];
  const sql = (...args: string[]) =>
    promisify(execFile)(tool, [...access, '--db', database, ...args], { env: { PATH: process.env.PATH } });
  await sql('create');
  await sql('setup', '-v', '0.0');
  await sql('update', '--schema-name', `postgresql/v12/${name}`);
}

async function registerNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const { namespaces } = await connection.workflowService.listNamespaces({});
    if (namespaces.some(({ namespaceInfo }) => namespaceInfo?.name === 'default')) return;
    await connection.workflowService.registerNamespace({
      namespace: 'default',
      workflowExecutionRetentionPeriod: { seconds: RETENTION_S as never },
    });
    throw new Error('The namespace was just made, and is known in a moment');
  } finally {
    await connection.close();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await pickFreePort(ports));
  return [...ports];
}

async function ended(process: Guarded): Promise<void> {
  process.stop();
  await process.exited;
}

const DYNAMIC = `system.enableActivityEagerExecution: [{ value: true }]
system.forceSearchAttributesCacheRefreshOnRead: [{ value: true }]
`;

function serverConfig(postgresPort: number, ports: readonly number[], dynamic: string): string {
  const [frontend, matching, history, worker, frontendRing, matchingRing, historyRing, workerRing, http] = ports;
  const sql = (database: string, connections: number) =>
    `{ pluginName: postgres12, databaseName: ${database}, connectAddr: "127.0.0.1:${postgresPort}", connectProtocol: tcp, user: postgres, ` +
    `password: ${PASSWORD}, maxConns: ${connections}, maxIdleConns: ${connections}, maxConnLifetime: 1h }`;
  const service = (name: string, grpc: number | undefined, ring: number | undefined, more = '') =>
    `  ${name}: { rpc: { grpcPort: ${grpc}, membershipPort: ${ring}, bindOnIP: "127.0.0.1"${more} } }`;
  return `log: { stdout: true, level: error }
persistence:
  defaultStore: main
  visibilityStore: visibility
  numHistoryShards: 4
  datastores:
    main: { sql: ${sql('temporal', 20)} }
    visibility: { sql: ${sql('temporal_visibility', 5)} }
global: { membership: { maxJoinDuration: 30s, broadcastAddress: "127.0.0.1" } }
services:
${service('frontend', frontend, frontendRing, `, httpPort: ${http}`)}
${service('matching', matching, matchingRing)}
${service('history', history, historyRing)}
${service('worker', worker, workerRing)}
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation:
    active: { enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: "127.0.0.1:${frontend}" }
dcRedirectionPolicy: { policy: noop }
archival: { history: { state: disabled }, visibility: { state: disabled } }
namespaceDefaults: { archival: { history: { state: disabled }, visibility: { state: disabled } } }
dynamicConfigClient: { filepath: "${dynamic}", pollInterval: 10s }
`;
}
