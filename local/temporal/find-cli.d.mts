import type { Progress } from '../bootstrap/progress.mjs';

export declare const CLI_VERSION: string;
export declare const SERVER_VERSION: string;
export declare function cacheFolder(environment: NodeJS.ProcessEnv): string;
export declare function findTemporal(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly fetchUrl?: typeof fetch;
}): Promise<string>;
