import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Exit, Guarded } from '../bootstrap/guard.mjs';
import { ROOT } from '../paths.ts';

const PARENT_WATCH = new URL('../bootstrap/parent-watch.mjs', import.meta.url).href;

/** A process under supervision: a Node part, or a guarded server. */
export type PartProcess = {
  readonly pid: number;
  readonly outputs: readonly Readable[];
  readonly exited: Promise<Exit>;
  /** Asks it to finish and kills it after `limitMs`; 0 kills at once. */
  stop(limitMs: number): void;
};

/**
 * Runs a TypeScript file as a part. It has a channel to this process and ends when that closes; and a session of its own,
 * so that Ctrl-C in a terminal reaches only the supervisor, which stops things in order.
 */
export async function launchNode(script: string, env: NodeJS.ProcessEnv): Promise<PartProcess> {
  const child = spawn(process.execPath, ['--import', PARENT_WATCH, script], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await once(child, 'spawn');
  // A message to a part that is just ending fails; its exit tells the same.
  child.on('error', () => {});
  return {
    pid: child.pid ?? 0,
    outputs: [child.stdout, child.stderr].filter((stream) => stream !== null),
    exited,
    stop(limitMs) {
      if (limitMs > 0) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
      void exited.then(() => clearTimeout(timer));
    },
  };
}

/** A server under its guard, which stops it in time by itself: `limitMs` shortens that. */
export function asPartProcess(server: Guarded): PartProcess {
  return {
    pid: server.pid,
    outputs: [server.stdout, server.stderr],
    exited: server.exited,
    stop(limitMs) {
      server.stop();
      const timer = setTimeout(() => kill(server.pid), limitMs);
      void server.exited.then(() => clearTimeout(timer));
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
