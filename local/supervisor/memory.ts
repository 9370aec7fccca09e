import { readdirSync, readFileSync } from 'node:fs';
import { commandOf, inspect } from '../bootstrap/processes.mjs';

const MIB_PER_KB = 1 / 1024;

/**
 * What each process tree takes in MiB, by the name of its root: proportional set size, in which memory that processes
 * share counts once in total. Null where the system does not tell (other than Linux).
 */
export function measureMemory(roots: Readonly<Record<string, number>>): Record<string, number | null> {
  const children = childrenByParent();
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, treeMib(pid, children)]));
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of process.platform === 'linux' ? readdirSync('/proc') : []) {
    const parent = /^\d+$/.test(name) ? inspect(Number(name))?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

function treeMib(pid: number, children: ReadonlyMap<number, readonly number[]>): number | null {
  const own = processMib(pid);
  if (own === null) return null;
  return (children.get(pid) ?? []).reduce((sum, child) => sum + (treeMib(child, children) ?? 0), own);
}

function processMib(pid: number): number | null {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * MIB_PER_KB;
  } catch {
    return null;
  }
}

/** This process and those above it that are part of the command: launch.mjs, a shell between, npm. Without their children. */
export function ownMib(): number | null {
  let sum: number | null = null;
  let pid = process.pid;
  for (let above = 0; above < 4; above += 1) {
    const mib = processMib(pid);
    if (mib !== null) sum = (sum ?? 0) + mib;
    const parent = inspect(pid)?.parent ?? 0;
    if (parent <= 1 || !/launch\.mjs|\bnpm\b/.test(commandOf(parent))) break;
    pid = parent;
  }
  return sum;
}
