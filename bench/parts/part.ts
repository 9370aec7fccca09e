import type { RunningPlatform } from '../../testkit/platform.ts';
import type { Shop } from '../../testkit/shop.ts';

/** Where a part is measured. */
export type Ground = { readonly platform: RunningPlatform; readonly shop: Shop };

/** Something of ours beside the least that could do the same. */
export type Part = {
  readonly name: string;
  readonly says: {
    readonly what: string;
    readonly beside: string;
    readonly unit: 'processor ms per call' | 'calls per second';
    /** What the ratio is to be. */
    readonly goal: string;
  };
  /** One round of about so many milliseconds; answers its figure. */
  readonly ours: (durationMs: number) => Promise<number>;
  readonly other: (durationMs: number) => Promise<number>;
  stop(): Promise<void>;
};

// As many callers as the orders' bench has.
export const CONCURRENCY = 20;
