import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

// How often a process that was asked to stop is looked at.
const POLL_MS = 50;

/**
 * What is known about a process: its parent, and a mark that no other process with the same number will have.
 * Undefined when it does not exist; a zombie counts as gone.
 */
export function inspect(pid) {
  return process.platform === 'linux' ? inspectProc(pid) : inspectPs(pid);
}

function inspectProc(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name in brackets may hold spaces and brackets itself; the fields after it are numbers.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  // proc(5): field 22 is the start time in clock ticks since boot, the 18th after the parent.
  return { parent: Number(parent), mark: rest[17] };
}

function inspectPs(pid) {
  let line;
  try {
    line = execFileSync('ps', ['-o', 'ppid=,stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
  const [parent, state, ...started] = line.split(/\s+/);
  if (!state || state.startsWith('Z')) return undefined;
  return { parent: Number(parent), mark: started.join(' ') };
}

/** Whether the process lives, and is still the one that had this mark. */
export function isRunning(pid, mark) {
  const found = inspect(pid);
  return found !== undefined && (mark === undefined || found.mark === mark);
}

/** The command line of a process, for recognising it and for telling who holds a port; empty when unknown. */
export function commandOf(pid) {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

/** Sends `signal`, waits up to `limitMs`, then kills. Resolves once the process is gone; does nothing if it is not there. */
export async function stopProcess({ pid, mark, signal, limitMs }) {
  const deadline = Date.now() + limitMs;
  if (!isRunning(pid, mark)) return;
  send(pid, signal);
  while (isRunning(pid, mark)) {
    if (Date.now() > deadline) send(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone between the look and the signal is what was wanted.
    if (error.code !== 'ESRCH') throw error;
  }
}
