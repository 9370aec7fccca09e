import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect, isRunning } from './processes.mjs';

const POLL_MS = 500;

/** Runs `work` while no other process does so under the same file; a lock whose process is gone is void. */
export async function withLock(file, work, { onWait = () => {} } = {}) {
  let told = false;
  for (;;) {
    const holder = tryLock(file);
    if (holder === undefined) break;
    if (!told) onWait(holder);
    told = true;
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Takes the lock for this process's life and answers undefined, or the number of the process that has it. */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      const descriptor = openSync(file, 'wx', 0o600);
      writeSync(descriptor, JSON.stringify({ pid: process.pid, mark: inspect(process.pid)?.mark }));
      closeSync(descriptor);
      return undefined;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder && isRunning(holder.pid, holder.mark)) return holder.pid;
    if (holder) removeStale(file, holder);
  }
}

/** Who holds the lock. A holder that has not finished writing counts as running; undefined if the file just went away. */
function readHolder(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return { pid: process.pid };
  }
}

/** Two waiters may find the same stale lock; moving it aside first shows whether it is still that one. */
function removeStale(file, holder) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && (moved.pid !== holder.pid || moved.mark !== holder.mark)) renameSync(aside, file);
  else rmSync(aside, { force: true });
}
