import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { createClient } from '../../../platform/rpc/client.ts';
import type { ServiceDefinition } from '../../../platform/rpc/methods.ts';
import type { Fate } from './fate.ts';

const listening = z.object({ type: z.literal('listening'), grpc: z.number() });
const fatal = z.object({ type: z.literal('fate') });

export type ServiceProcess<D extends ServiceDefinition> = Awaited<ReturnType<typeof launchService<D>>>;

/** Starts a service of this folder as its own process, and resolves when it listens. `fate` is what it will do to itself. */
export async function launchService<D extends ServiceDefinition>(options: {
  readonly entry: 'products.ts' | 'payments.ts';
  readonly definition: D;
  readonly env: Readonly<Record<string, string>>;
  readonly fate?: Fate;
}) {
  const script = fileURLToPath(new URL(options.entry, import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { LOG_LEVEL: 'fatal', ...options.env, ...(options.fate ? { FATE: JSON.stringify(options.fate) } : {}) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const met = Promise.withResolvers<void>();
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      if (fatal.safeParse(message).success) met.resolve();
      const heard = listening.safeParse(message);
      if (heard.success) resolve(heard.data.grpc);
    });
    child.once('exit', (code) => reject(new Error(`The service ended with ${code} before it listened`)));
  });
  const client = createClient(options.definition, { target: `127.0.0.1:${port}` });
  return {
    calls: client.calls,
    /** Resolves when its fate is upon it. */
    met: met.promise,
    /** Resolves when the process is gone. */
    exited,
    continue: () => child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await exited;
      client.close();
    },
  };
}
