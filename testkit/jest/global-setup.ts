// One PostgreSQL and one Temporal server for all tests, in a temporary folder and on free ports: a running platform is
// not touched. Both run under guards, so that they go when Jest goes, however it ends.
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Guarded } from '../../local/bootstrap/guard.mjs';
import { createProgress } from '../../local/bootstrap/progress.mjs';
import { preparePostgresHome } from '../../local/postgres/home.ts';
import { createPostgres } from '../../local/postgres/server.ts';
import { pickFreePort } from '../../local/supervisor/ports.ts';
import { findTemporal } from '../../local/temporal/find-cli.mjs';
import { createTemporalServer } from '../../local/temporal/server.ts';
import { waitFor } from '../../local/wait.ts';
import { rememberServers } from './servers.ts';

const READY_LIMIT_MS = 60_000;

export default async function setUp(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-test-'));
  // When root runs the tests, PostgreSQL runs as nobody and must be able to pass through.
  chmodSync(folder, 0o711);
  const [postgres, temporal] = await Promise.all([startPostgres(folder), startTemporal(folder)]);
  rememberServers({ folder, servers: [postgres.process, temporal.process] });
  process.env.TEST_POSTGRES_URL = postgres.url;
  process.env.TEST_TEMPORAL_ADDRESS = temporal.address;
  // Platforms that tests start need not look for it again.
  process.env.TEMPORAL_CLI_PATH = temporal.cli;
}

async function startPostgres(folder: string) {
  const server = createPostgres({
    home: preparePostgresHome(join(folder, 'postgres')),
    port: await pickFreePort(),
    password: 'test',
    durable: false,
  });
  const process = await ready(await server.launch(), server.check);
  return { url: server.url(), process };
}

async function startTemporal(folder: string) {
  const cli = await findTemporal({ environment: process.env, progress: createProgress({ stream: process.stderr }) });
  const port = await pickFreePort();
  const server = createTemporalServer({
    cli,
    port,
    uiPort: await pickFreePort(new Set([port])),
    namespace: 'default',
    file: join(folder, 'temporal.db'),
    // A search attribute that a test registers can be used at once.
    dynamicConfig: ['system.forceSearchAttributesCacheRefreshOnRead=true'],
  });
  return { address: `127.0.0.1:${port}`, cli, process: await ready(await server.launch(), server.check) };
}

/** Waits until `check` passes; a server that ends before that takes its last words with it. */
async function ready(server: Guarded, check: () => Promise<unknown>): Promise<Guarded> {
  let said = '';
  let ended = false;
  const remember = (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2_000);
  };
  server.stdout.on('data', remember);
  server.stderr.on('data', remember);
  void server.exited.then(() => {
    ended = true;
  });
  try {
    await waitFor(check, READY_LIMIT_MS, () => ended);
  } catch (error: unknown) {
    throw new Error(`A server for the tests did not start: ${said || String(error)}`, { cause: error });
  }
  return server;
}
