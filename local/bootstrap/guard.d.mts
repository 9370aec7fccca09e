import type { Readable } from 'node:stream';

/** How a process ended: one of the two is set. */
export type Exit = { readonly code: number | null; readonly signal: string | null };

export type Guarded = {
  readonly pid: number;
  readonly guardPid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<Exit>;
  stop(): void;
};

export declare function spawnGuarded(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal: NodeJS.Signals;
  readonly stopLimitSeconds: number;
}): Promise<Guarded>;
