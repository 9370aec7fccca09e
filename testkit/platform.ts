// A whole platform of its own for a test: real parts, own data, own ports, beside whatever else runs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localConfig } from '../local/config.ts';
import { type Facts, readFacts } from '../local/facts.ts';
import { pathsIn, ROOT } from '../local/paths.ts';
import { waitFor } from '../local/wait.ts';
import { askPlatform, readStatus } from '../platform/control/client.ts';

const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 30_000;

export type RunningPlatform = Awaited<ReturnType<typeof startPlatform>>;

/**
 * Starts a platform and waits until it is ready. `env` is handed to it; `dataDir` starts it on the data of an earlier
 * one; `script` is what to run instead of the real thing.
 */
export async function startPlatform(
  options: { readonly env?: NodeJS.ProcessEnv; readonly dataDir?: string; readonly script?: string } = {},
) {
  const dataDir = options.dataDir ?? makeDataDir();
  const paths = pathsIn(dataDir);
  // One that was killed leaves its own behind.
  rmSync(paths.facts, { force: true });
  const child = spawnPlatform({ dataDir, env: options.env ?? {}, script: options.script ?? 'local/start.ts' });
  const output = collect(child);
  const exited = once(child, 'exit');
  const currentFacts = (): Facts => {
    const facts = readFacts(paths);
    if (!facts) throw new Error(`The platform is not ready:\n${output()}`);
    return facts;
  };
  const facts = await waitFor(
    async () => currentFacts(),
    READY_LIMIT_MS,
    () => child.exitCode !== null,
  );

  return {
    /** platform.json as it was when the platform became ready. */
    facts,
    factsFile: paths.facts,
    dataDir,
    supervisorPid: child.pid ?? 0,
    /** What it printed. */
    output,
    currentFacts,
    exited,
    /** The state of each part, asked now. */
    status: () => readStatus(paths.control),
    /** Kills the process of a part as it is now; the supervisor starts another. */
    async kill(part: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
      const pid = currentFacts().pids[part];
      if (pid === undefined) throw new Error(`There is no process of ${part} to kill`);
      process.kill(pid, signal);
    },
    /** Kills a part and leaves it down. */
    pause: (part: string) => askPlatform(paths.control, 'pause', { part }),
    /** Starts a paused part again and waits until it is ready. */
    resume: (part: string) => askPlatform(paths.control, 'resume', { part }),
    /** Stops a part properly, starts it again and waits until it is ready. */
    restart: (part: string) => askPlatform(paths.control, 'restart', { part }),
    /** Stops everything. `keepData` leaves the data for another start. */
    async stop({ keepData = false }: { readonly keepData?: boolean } = {}): Promise<void> {
      await stopChild(child);
      if (!keepData) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A folder that PostgreSQL can pass through when root runs the tests. */
export function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-platform-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Starts `npm start`'s script without waiting for anything: every port is free, nothing of the caller's is inherited. */
export function spawnPlatform(options: { readonly dataDir: string; readonly env: NodeJS.ProcessEnv; readonly script: string }) {
  const freePorts = Object.keys(localConfig.shape).filter((name) => name.endsWith('_PORT'));
  const { PATH, HOME, TEMPORAL_CLI_PATH, XDG_CACHE_HOME } = process.env;
  return spawn(process.execPath, [options.script], {
    cwd: ROOT,
    env: {
      ...definedOf({ PATH, HOME, TEMPORAL_CLI_PATH, XDG_CACHE_HOME }),
      ...Object.fromEntries(freePorts.map((name) => [name, '0'])),
      SHOPFAST_DATA_DIR: options.dataDir,
      ...options.env,
    },
    // The channel: the platform goes when the test does, however that ends.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function definedOf(values: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Everything a process prints, from now on. */
export function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return () => text;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
