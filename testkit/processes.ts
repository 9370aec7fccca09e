import { inspect, isRunning } from '../local/bootstrap/processes.mjs';
import { eventually } from './eventually.ts';

/** A process that will not be confused with a later one of the same number. */
export type Known = { readonly pid: number; readonly mark: string };

export function known(pid: number): Known {
  const found = inspect(pid);
  if (!found) throw new Error(`There is no process ${pid}`);
  return { pid, mark: found.mark };
}

/** Resolves when none of them is left; rejects when one is after `limitMs`. */
export async function allGone(processes: readonly Known[], limitMs: number): Promise<void> {
  await eventually(
    async () => processes.filter(({ pid, mark }) => isRunning(pid, mark)).map(({ pid }) => pid),
    (left) => left.length === 0,
    limitMs,
  );
}
