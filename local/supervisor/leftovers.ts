// A platform that was killed together with its guards may leave a process behind, for instance one that was suspended.
// Every process that is started is written down with a mark that no later process of the same number has.
import * as z from 'zod';
import { inspect, isRunning, stopProcess } from '../bootstrap/processes.mjs';
import type { Paths } from '../paths.ts';
import { readPrivate, writePrivate } from '../private-files.ts';

const STOP_LIMIT_MS = 4_000;

const record = z.record(z.string(), z.object({ pid: z.number(), mark: z.string() }));

/** Writes down what runs now, by part. */
export function rememberProcesses(paths: Paths, pids: Readonly<Record<string, number>>): void {
  const known = Object.entries(pids).flatMap(([name, pid]) => {
    const mark = inspect(pid)?.mark;
    return mark === undefined ? [] : [[name, { pid, mark }] as const];
  });
  writePrivate(paths.running, Object.fromEntries(known));
}

/** Ends what an earlier platform of this data directory left behind. Call only while holding the platform's lock. */
export async function stopLeftOvers(paths: Paths, report: (text: string) => void): Promise<void> {
  const left = Object.entries(readPrivate(paths.running, record) ?? {}).filter(([, { pid, mark }]) => isRunning(pid, mark));
  await Promise.all(
    left.map(async ([name, { pid, mark }]) => {
      report(`  ${name}: process ${pid} was left over from an earlier run; stopping it`);
      // Of all signals this one means "stop soon, but properly" to every part: PostgreSQL waits for its clients on SIGTERM.
      await stopProcess({ pid, mark, signal: 'SIGINT', limitMs: STOP_LIMIT_MS });
    }),
  );
}
