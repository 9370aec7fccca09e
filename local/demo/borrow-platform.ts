import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { NotRunning, readStatus } from '../../platform/control/client.ts';
import { readFacts } from '../facts.ts';
import { type Paths, ROOT } from '../paths.ts';

const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 100;

/** The platform of this data directory: the one that runs, or one started for a while. */
export async function borrowPlatform(paths: Paths): Promise<{ readonly temporary: boolean; giveBack(): Promise<void> }> {
  if (await isRunning(paths)) return { temporary: false, giveBack: async () => {} };
  console.log('The platform is not running: starting it for a moment.');
  // One that was killed leaves its own behind.
  rmSync(paths.facts, { force: true });
  const child = spawn(process.execPath, ['local/start.ts'], {
    cwd: ROOT,
    // What it says about itself is of interest only if it fails; the channel ends it if this process dies.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let said = '';
  child.stdout?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2_000);
  });
  const exited = once(child, 'exit');
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const deadline = Date.now() + READY_LIMIT_MS;
  // platform.json appears when everything is ready.
  while (!gone && Date.now() < deadline && readFacts(paths)?.pids.gateway === undefined) await delay(POLL_MS);
  if (gone) throw new Error(`The platform could not be started: ${said.trim().split('\n').at(-1)}`);
  return {
    temporary: true,
    async giveBack() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function isRunning({ control }: Paths): Promise<boolean> {
  try {
    await readStatus(control);
    return true;
  } catch (error: unknown) {
    if (error instanceof NotRunning) return false;
    throw error;
  }
}
