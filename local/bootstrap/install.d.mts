import type { Progress } from './progress.mjs';

export declare function isInstalled(root: string, dev: boolean): boolean;
export declare function isGlibc(): boolean;
export declare function ensureInstalled(options: {
  readonly root: string;
  readonly dev: boolean;
  readonly progress: Progress;
}): Promise<void>;
