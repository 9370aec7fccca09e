import { readdirSync, readFileSync } from 'node:fs';

// Linux counts processor time in ticks of 10 ms (USER_HZ).
const TICK_MS = 10;

/** Milliseconds of processor time that a process and everything below it has used so far. */
export function processorMs(pid: number): number {
  const children = childrenByParent();
  const below = (id: number): number[] => [id, ...(children.get(id) ?? []).flatMap(below)];
  return below(pid).reduce((sum, id) => sum + ownMs(id), 0);
}

/** Mebibytes of memory of a process tree, shared pages counted by share (PSS). */
export function memoryMiB(pid: number): number {
  const children = childrenByParent();
  const below = (id: number): number[] => [id, ...(children.get(id) ?? []).flatMap(below)];
  return below(pid).reduce((sum, id) => sum + ownPssKiB(id), 0) / 1024;
}

/** Milliseconds of processor time of one process alone. */
export function ownMs(pid: number): number {
  const fields = stat(pid);
  // utime and stime are fields 14 and 15 of proc(5); `fields` begins at field 3.
  return fields ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0;
}

function ownPssKiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(stat(Number(name))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** The fields of /proc/<pid>/stat after the command, which may itself hold spaces and brackets. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
