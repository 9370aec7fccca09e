// Keeps one part running: starts it, watches it, starts it again with growing pauses when it ends by itself.
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../platform/config/load.ts';
import type { PartState } from '../../platform/control/protocol.ts';
import type { Exit } from '../bootstrap/guard.mjs';
import type { PartLog } from './part-log.ts';
import type { PartProcess } from './part-process.ts';

// The first restart comes at once: most ends are a kill, and somebody's order waits.
const PAUSES_MS = [0, 200, 500, 1_000, 2_000, 5_000, 10_000];
// A part that was ready this long has forgotten its earlier failures.
const STEADY_MS = 30_000;
const POLL_MS = 50;
const READY_LIMIT_MS = 60_000;
// One crash in the very beginning may be bad luck; a second in a row will not get better by waiting.
const FIRST_ATTEMPTS = 2;

export type UnitSpec = {
  readonly name: string;
  /** Parts that are ready before this one is started. */
  readonly after: readonly string[];
  /** Where it listens, for people. */
  readonly address: string;
  launch(): Promise<PartProcess>;
  /** Rejects, saying why, while the part cannot be used. */
  check(): Promise<unknown>;
};

export type Unit = ReturnType<typeof createUnit>;

/** From one start to the stop that ends it, over any number of processes. */
type Life = { readonly over: AbortController; readonly firstReady: PromiseWithResolvers<void>; wasReady: boolean };

/** `report` gets sentences for people; `onChange` is called whenever process or state are others. */
export function createUnit(options: {
  readonly spec: UnitSpec;
  readonly log: PartLog;
  readonly onChange: () => void;
  readonly report: (text: string) => void;
}) {
  const { spec, log, onChange, report } = options;
  let state: PartState = 'waiting';
  let current: PartProcess | undefined;
  let life: Life | undefined;
  let ended: Promise<void> = Promise.resolve();
  let restarts = 0;
  let fault = '';

  function become(next: PartState): void {
    state = next;
    onChange();
  }

  async function keepAlive(mine: Life): Promise<void> {
    let failures = 0;
    let downSince: number | undefined;
    while (!mine.over.signal.aborted) {
      const { readyMs, how } = await liveOnce(mine, () => {
        if (downSince !== undefined) report(`${spec.name} is ready again after ${Math.round(performance.now() - downSince)} ms`);
        downSince = undefined;
      });
      if (mine.over.signal.aborted) return;
      failures = readyMs > STEADY_MS ? 1 : failures + 1;
      if (!mine.wasReady && failures >= FIRST_ATTEMPTS) {
        mine.firstReady.reject(new ConfigError(`${spec.name} did not start: ${log.lastWords() || how} (log: ${log.file})`));
        return;
      }
      downSince ??= performance.now();
      restarts += 1;
      report(`${spec.name} ${how}; starting it again`);
      become('restarting');
      await delay(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1], undefined, { signal: mine.over.signal }).catch(() => {});
    }
  }

  /** One process from launch to end: how long it was ready, and how it ended. */
  async function liveOnce(mine: Life, onReady: () => void): Promise<{ readyMs: number; how: string }> {
    let process: PartProcess;
    try {
      process = await spec.launch();
    } catch (error: unknown) {
      if (!mine.wasReady) throw error;
      return { readyMs: 0, how: `could not be started (${messageOf(error)})` };
    }
    current = process;
    log.attach(...process.outputs);
    onChange();
    // Stopped while it was being launched.
    if (mine.over.signal.aborted) process.stop(0);
    let gone = false;
    let readySince: number | undefined;
    const watching = untilReady(() => gone || mine.over.signal.aborted).then((ready) => {
      if (!ready) return;
      readySince = performance.now();
      mine.wasReady = true;
      become('ready');
      onReady();
      mine.firstReady.resolve();
    });
    const exit = await process.exited;
    gone = true;
    await watching;
    current = undefined;
    return { readyMs: readySince === undefined ? 0 : performance.now() - readySince, how: describeExit(exit) };
  }

  async function untilReady(isOver: () => boolean): Promise<boolean> {
    while (!isOver()) {
      try {
        await spec.check();
        return !isOver();
      } catch (error: unknown) {
        fault = messageOf(error);
      }
      await delay(POLL_MS);
    }
    return false;
  }

  async function start(): Promise<void> {
    const mine: Life = { over: new AbortController(), firstReady: Promise.withResolvers(), wasReady: false };
    life = mine;
    become('starting');
    const late = setTimeout(() => {
      const seconds = READY_LIMIT_MS / 1_000;
      mine.firstReady.reject(new ConfigError(`${spec.name} is not ready after ${seconds} s: ${fault} (log: ${log.file})`));
    }, READY_LIMIT_MS);
    ended = keepAlive(mine).catch(mine.firstReady.reject);
    try {
      await mine.firstReady.promise;
    } finally {
      clearTimeout(late);
    }
  }

  async function end(limitMs: number, final: PartState): Promise<void> {
    if (life) {
      life.over.abort();
      life.firstReady.reject(new StoppedWhileStarting(`${spec.name} was stopped`));
      current?.stop(limitMs);
      await ended;
    }
    become(final);
  }

  return {
    spec,
    /** Resolves when it is ready for the first time. Rejects when it will not be; stop it then. */
    start,
    /** Resolves when no process is left; after `limitMs` it is killed. */
    stop: (limitMs: number) => end(limitMs, 'stopped'),
    /** Kills it and leaves it down until `resume`. */
    pause: () => end(0, 'paused'),
    resume: start,
    async restart(limitMs: number): Promise<void> {
      await end(limitMs, 'restarting');
      restarts += 1;
      await start();
    },
    snapshot: () => ({ name: spec.name, address: spec.address, state, pid: current?.pid ?? null, restarts }),
  };
}

/** Somebody stopped the part before it was ready: not a failure. */
export class StoppedWhileStarting extends Error {
  override readonly name = 'StoppedWhileStarting';
}

function describeExit({ code, signal }: Exit): string {
  return signal ? `was killed by ${signal}` : `ended with code ${code}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
