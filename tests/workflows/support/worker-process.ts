import { spawn } from 'node:child_process';
import * as z from 'zod';

const listening = z.object({ type: z.literal('listening'), http: z.number() });

/** Runs workers/main.ts as a process of its own; resolves when it says where it listens. */
export async function startWorkerProcess(environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['workers/main.ts'], {
    env: { PATH: process.env.PATH, WORKER_HTTP_PORT: '0', LOG_LEVEL: 'error', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const http = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(listening.parse(message).http));
    child.once('exit', (code) => reject(new Error(`The worker ended with ${code} before it listened`)));
  });
  return {
    async readiness(): Promise<number> {
      return (await fetch(`http://127.0.0.1:${http}/health/ready`)).status;
    },
    /** As a crash does: nothing is finished, nothing is said. */
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    /** Resolves with the exit code. */
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      return await exited;
    },
  };
}
