import { loadFor, loadOf, type Round } from './load.ts';
import { ownMs, processorMs } from './processes.ts';

/** One thing to measure: a call that ends when its work is done, and the processes that do it. */
export type Rival = {
  readonly name: string;
  readonly call: () => Promise<boolean>;
  /** How often each answer came that was not the expected one, such as 202: 3; absent where there is only one. */
  readonly unexpected?: ReadonlyMap<number, number>;
  /** Process ids by name; processor time is split by them. */
  readonly pids: () => Readonly<Record<string, number>>;
  stop(): Promise<void>;
};

export type Measured = Round & { readonly cpuMsPerCall: Readonly<Record<string, number>> };

export async function measure(rival: Rival, durationMs: number, concurrency: number): Promise<Measured> {
  return counted(rival, () => loadFor(durationMs, concurrency, rival.call));
}

/** The same for so many calls, where each needs something that was made ready before. */
export async function measureCalls(rival: Rival, calls: number, concurrency: number): Promise<Measured> {
  return counted(rival, () => loadOf(calls, concurrency, rival.call));
}

async function counted(rival: Rival, load: () => Promise<Round>): Promise<Measured> {
  const before = processor(rival);
  const round = await load();
  const after = processor(rival);
  const cpuMsPerCall = Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / Math.max(1, round.done)]),
  );
  return { ...round, cpuMsPerCall };
}

/** Calls per second. */
export function rate({ done, seconds }: Round): number {
  return done / seconds;
}

function processor(rival: Rival): Record<string, number> {
  // This process is the parent of all the others.
  const used = (pid: number) => (pid === process.pid ? ownMs(pid) : processorMs(pid));
  return Object.fromEntries(Object.entries(rival.pids()).map(([name, pid]) => [name, used(pid)]));
}
