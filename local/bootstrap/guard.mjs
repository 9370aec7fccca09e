import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { inspect, stopProcess } from './processes.mjs';

// Handed over on standard input: the account that the command runs under may be unable to read this folder.
const SCRIPT = readFileSync(new URL('./guard.sh', import.meta.url), 'utf8');

/**
 * Starts a command under guard.sh: it cannot outlive this process. It runs in a session of its own, so that Ctrl-C in
 * a terminal reaches only the supervisor, which stops things in order. Rejects when it cannot be started.
 */
export async function spawnGuarded({ command, args, env, cwd = '/', account, stopSignal, stopLimitSeconds }) {
  const guard = spawn('/bin/sh', ['-s', stopSignal.replace(/^SIG/, ''), String(stopLimitSeconds), command, ...args], {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...account,
  });
  const [stdin, stdout, stderr, report] = guard.stdio;
  // The guard may be gone before its pipe is closed; that is not an error.
  stdin.on('error', () => {});
  stdin.write(SCRIPT);
  const ended = once(guard, 'exit');
  ended.catch(() => {});
  const pid = await Promise.race([readPid(report), ended.then(() => undefined)]);
  if (pid === undefined) throw new Error(`${command} could not be started`);
  const mark = inspect(pid)?.mark;
  return {
    pid,
    guardPid: guard.pid,
    stdout,
    stderr,
    exited: ended.then(async ([code, signal]) => {
      // Only a guard that was itself killed leaves its command behind.
      if (signal) await stopProcess({ pid, mark, signal: stopSignal, limitMs: stopLimitSeconds * 1_000 });
      return describeExit(code, signal);
    }),
    /** Asks the command to stop; the guard kills it after its limit. */
    stop() {
      stdin.end();
    },
  };
}

async function readPid(report) {
  const [line] = await once(report, 'data');
  return Number(String(line));
}

/** A shell reports a command that was ended by signal N as exit code 128 + N. */
function describeExit(code, signal) {
  if (signal) return { code: null, signal };
  const name = code > 128 ? Object.keys(constants.signals).find((key) => constants.signals[key] === code - 128) : undefined;
  return name ? { code: null, signal: name } : { code, signal: null };
}
