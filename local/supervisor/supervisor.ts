// Starts parts in the order of what they need, and stops them in the reverse order.
import type { PartStatus } from '../../platform/control/protocol.ts';
import { measureMemory } from './memory.ts';
import { createPartLog } from './part-log.ts';
import { Unit, type UnitSpec } from './unit.ts';

export type Supervisor = ReturnType<typeof createSupervisor>;

export type SupervisorOptions = {
  readonly specs: readonly UnitSpec[];
  readonly logs: string;
  /** Sentences for people. */
  readonly report: (text: string) => void;
  /** A process or a state changed. */
  readonly onChange: () => void;
  /** A part is being started; what is returned is told whether it became ready. */
  readonly onStart: (name: string) => (ready: boolean) => void;
};

/** A part may be named in `after` without being supervised here: then somebody else runs it. */
export function createSupervisor({ specs, logs, report, onChange, onStart }: SupervisorOptions) {
  const units = new Map<string, Unit>();
  for (const spec of specs) {
    units.set(spec.name, new Unit({ spec, log: createPartLog(logs, spec.name), onChange, report }));
  }
  let stopping = false;

  async function startAfter(unit: Unit, started: ReadonlyMap<string, Promise<void>>): Promise<void> {
    await Promise.all(unit.spec.after.map(async (name) => started.get(name)));
    if (stopping) return;
    const settled = onStart(unit.spec.name);
    let ready = false;
    try {
      await unit.start();
      ready = true;
    } finally {
      settled(ready);
    }
  }

  async function stopBefore(unit: Unit, stopped: ReadonlyMap<string, Promise<void>>, limitMs: number): Promise<void> {
    const dependents = specs.filter((spec) => spec.after.includes(unit.spec.name));
    await Promise.all(dependents.map(async (spec) => stopped.get(spec.name)));
    await unit.stop(limitMs);
  }

  return {
    /** Resolves when all parts are ready. Rejects with the first failure; stop then. `specs` name what they need first. */
    async start(): Promise<void> {
      const started = new Map<string, Promise<void>>();
      for (const unit of units.values()) started.set(unit.spec.name, startAfter(unit, started));
      await Promise.all(started.values());
    },
    /** Those that others need are stopped after those others; each is killed after `limitMs`. */
    async stop(limitMs: number): Promise<void> {
      stopping = true;
      const stopped = new Map<string, Promise<void>>();
      for (const unit of [...units.values()].reverse()) stopped.set(unit.spec.name, stopBefore(unit, stopped, limitMs));
      await Promise.all(stopped.values());
    },
    /** For when nobody is left to wait: all at once. */
    async stopAtOnce(limitMs: number): Promise<void> {
      stopping = true;
      await Promise.all([...units.values()].map((unit) => unit.stop(limitMs)));
    },
    unit: (name: string) => units.get(name),
    snapshots: () => [...units.values()].map((unit) => unit.snapshot()),
    /** Each part asked now. */
    async health(): Promise<PartStatus[]> {
      const asked = await Promise.all([...units.values()].map(askUnit));
      const memory = measureMemory(Object.fromEntries(asked.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]]))));
      return asked.map((part) => ({ ...part, mib: memory[part.name] ?? null }));
    },
  };
}

async function askUnit(unit: Unit) {
  const snapshot = unit.snapshot();
  if (snapshot.pid === null) return { ...snapshot, ready: false, version: null, why: snapshot.state };
  try {
    return { ...snapshot, ready: true, version: versionOf(await unit.spec.check()), why: null };
  } catch (error: unknown) {
    return { ...snapshot, ready: false, version: null, why: error instanceof Error ? error.message : String(error) };
  }
}

function versionOf(health: unknown): string | null {
  const known = health && typeof health === 'object' && 'version' in health ? health.version : null;
  return typeof known === 'string' ? known : null;
}
