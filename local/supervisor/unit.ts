// Keeps one part running: starts it, watches it, starts it again with growing pauses when it ends by itself.
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../platform/config/load.ts';
import type { PartState } from '../../platform/control/protocol.ts';
import type { Exit } from '../bootstrap/guard.mjs';
import type { PartLog } from './part-log.ts';
import type { PartProcess } from './part-process.ts';

// The first restart is immediate: most ends are a kill, and orders wait.
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

/** From one start to the stop that ends it, over any number of processes. */
type Life = { readonly over: AbortController; readonly firstReady: PromiseWithResolvers<void>; wasReady: boolean };

export class Unit {
  readonly spec: UnitSpec;
  readonly #log: PartLog;
  readonly #onChange: () => void;
  readonly #report: (text: string) => void;
  #state: PartState = 'waiting';
  #process: PartProcess | undefined;
  #life: Life | undefined;
  #ended: Promise<void> = Promise.resolve();
  #restarts = 0;
  /** Why the last check failed. */
  #fault = '';

  /** `report` gets sentences for people; `onChange` is called whenever process or state are others. */
  constructor(options: {
    readonly spec: UnitSpec;
    readonly log: PartLog;
    readonly onChange: () => void;
    readonly report: (text: string) => void;
  }) {
    this.spec = options.spec;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#report = options.report;
  }

  /** Resolves when the part is ready for the first time. Rejects when it will not be; stop it then. */
  async start(): Promise<void> {
    const life: Life = { over: new AbortController(), firstReady: Promise.withResolvers(), wasReady: false };
    this.#life = life;
    this.#become('starting');
    const late = setTimeout(() => {
      const seconds = READY_LIMIT_MS / 1_000;
      const why = `${this.spec.name} is not ready after ${seconds} s: ${this.#fault} (log: ${this.#log.file})`;
      life.firstReady.reject(new ConfigError(why));
    }, READY_LIMIT_MS);
    this.#ended = this.#keepAlive(life).catch(life.firstReady.reject);
    try {
      await life.firstReady.promise;
    } finally {
      clearTimeout(late);
    }
  }

  /** Resolves when no process is left; after `limitMs` it is killed. */
  stop(limitMs: number): Promise<void> {
    return this.#end(limitMs, 'stopped');
  }

  /** Kills it and leaves it down until `resume`. */
  pause(): Promise<void> {
    return this.#end(0, 'paused');
  }

  resume(): Promise<void> {
    return this.start();
  }

  async restart(limitMs: number): Promise<void> {
    await this.#end(limitMs, 'restarting');
    this.#restarts += 1;
    await this.start();
  }

  snapshot() {
    const { name, address } = this.spec;
    return { name, address, state: this.#state, pid: this.#process?.pid ?? null, restarts: this.#restarts };
  }

  #become(next: PartState): void {
    this.#state = next;
    this.#onChange();
  }

  async #keepAlive(life: Life): Promise<void> {
    const { name } = this.spec;
    let failures = 0;
    let downSince: number | undefined;
    while (!life.over.signal.aborted) {
      const { readyMs, how } = await this.#liveOnce(life, () => {
        if (downSince !== undefined) this.#report(`${name} is ready again after ${Math.round(performance.now() - downSince)} ms`);
        downSince = undefined;
      });
      if (life.over.signal.aborted) return;
      failures = readyMs > STEADY_MS ? 1 : failures + 1;
      if (!life.wasReady && failures >= FIRST_ATTEMPTS) {
        const why = `${name} did not start: ${this.#log.lastWords() || how} (log: ${this.#log.file})`;
        life.firstReady.reject(new ConfigError(why));
        return;
      }
      downSince ??= performance.now();
      this.#restarts += 1;
      this.#report(`${name} ${how}; starting it again`);
      this.#become('restarting');
      await delay(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1], undefined, { signal: life.over.signal }).catch(() => {});
    }
  }

  /** One process from launch to end: how long it was ready, and how it ended. */
  async #liveOnce(life: Life, onReady: () => void): Promise<{ readyMs: number; how: string }> {
    let process: PartProcess;
    try {
      process = await this.spec.launch();
    } catch (error: unknown) {
      if (!life.wasReady) throw error;
      return { readyMs: 0, how: `could not be started (${messageOf(error)})` };
    }
    this.#process = process;
    this.#log.attach(...process.outputs);
    this.#onChange();
    // Stopped while it was being launched.
    if (life.over.signal.aborted) process.stop(0);
    let gone = false;
    let readySince: number | undefined;
    const watching = this.#untilReady(() => gone || life.over.signal.aborted).then((ready) => {
      if (!ready) return;
      readySince = performance.now();
      life.wasReady = true;
      this.#become('ready');
      onReady();
      life.firstReady.resolve();
    });
    const exit = await process.exited;
    gone = true;
    await watching;
    this.#process = undefined;
    return { readyMs: readySince === undefined ? 0 : performance.now() - readySince, how: describeExit(exit) };
  }

  async #untilReady(isOver: () => boolean): Promise<boolean> {
    while (!isOver()) {
      try {
        await this.spec.check();
        return !isOver();
      } catch (error: unknown) {
        this.#fault = messageOf(error);
      }
      await delay(POLL_MS);
    }
    return false;
  }

  async #end(limitMs: number, final: PartState): Promise<void> {
    if (this.#life) {
      this.#life.over.abort();
      this.#life.firstReady.reject(new StoppedWhileStarting(`${this.spec.name} was stopped`));
      this.#process?.stop(limitMs);
      await this.#ended;
    }
    this.#become(final);
  }
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
