import type { Progress } from './progress.mjs';

export declare function findGoPrograms(options: {
  readonly name: string;
  readonly version: string;
  readonly programs: Readonly<Record<string, string>>;
  readonly title: string;
  readonly minutes: number;
  readonly go: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
}): Promise<string>;
