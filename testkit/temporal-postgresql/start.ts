/**
 * The production-like Temporal: a whole server with the dynamic configuration of deploy/, on a PostgreSQL of its own that keeps what
 * it promises (fsync). Both run under the guards and the supervisor of local/: killed with -9 they are started again, and nothing
 * outlives this process.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGoPrograms } from '../../local/bootstrap/go-build.mjs';
import { createProgress } from '../../local/bootstrap/progress.mjs';
import { ROOT } from '../../local/paths.ts';
import { pidsOf } from '../../local/supervisor/assemble.ts';
import { pickFreePort } from '../../local/supervisor/ports.ts';
import { createSupervisor } from '../../local/supervisor/supervisor.ts';
import { type TemporalDatabases, type TemporalPorts, temporalConfig } from './config.ts';
import { databaseSpec, serverSpec } from './specs.ts';

const VERSION = '1.32.1';
const MODULE = 'go.temporal.io/server';
const STOP_LIMIT_MS = 20_000;

export type TemporalOnPostgresql = Awaited<ReturnType<typeof startTemporalOnPostgresql>>;

/** Rejects with one line when the server is not there and cannot be built. */
export async function startTemporalOnPostgresql() {
  const programs = await findTemporalServer();
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-temporal-'));
  // When root starts it, PostgreSQL runs as nobody and must be able to pass through.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'logs'), { mode: 0o700 });
  const databases: TemporalDatabases = { temporal: secret(), temporal_visibility: secret() };
  const { postgres: postgresPort, ...ports } = await freePorts();
  const address = `127.0.0.1:${ports.frontend}`;
  const config = join(folder, 'server.yaml');
  const dynamicConfig = join(ROOT, 'deploy/temporal/dynamicconfig.yaml');
  writeFileSync(config, temporalConfig({ ports, postgresPort, databases, dynamicConfig }), { mode: 0o600 });
  const tool = join(programs, 'sql');
  const supervisor = createSupervisor({
    specs: [
      databaseSpec({ folder, port: postgresPort, superuserPassword: secret(), databases, tool }),
      serverSpec({ program: join(programs, 'server'), config, address }),
    ],
    logs: join(folder, 'logs'),
    report: (text) => process.stderr.write(`Temporal on PostgreSQL: ${text}\n`),
    onChange() {},
    onStart: () => () => {},
  });
  const stop = async () => {
    await supervisor.stop(STOP_LIMIT_MS);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await supervisor.start();
  } catch (error: unknown) {
    await stop();
    throw error;
  }
  return {
    address,
    /** The processes as they are now. */
    pids(): Record<string, number> {
      const { temporal = 0, postgres = 0 } = pidsOf(supervisor);
      return { temporal, "temporal's postgres": postgres };
    },
    stop,
  };
}

function findTemporalServer(): Promise<string> {
  return findGoPrograms({
    name: 'temporal-server',
    version: VERSION,
    programs: { server: `${MODULE}/cmd/server`, sql: `${MODULE}/cmd/tools/sql` },
    title: 'Temporal server',
    minutes: 8,
    go: '1.26.8',
    environment: process.env,
    progress: createProgress({ stream: process.stderr }),
  });
}

async function freePorts(): Promise<TemporalPorts & { readonly postgres: number }> {
  const taken = new Set<number>();
  const pick = async () => {
    const port = await pickFreePort(taken);
    taken.add(port);
    return port;
  };
  return {
    postgres: await pick(),
    frontend: await pick(),
    history: await pick(),
    matching: await pick(),
    worker: await pick(),
    frontendHttp: await pick(),
    frontendMembers: await pick(),
    historyMembers: await pick(),
    matchingMembers: await pick(),
    workerMembers: await pick(),
  };
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}
