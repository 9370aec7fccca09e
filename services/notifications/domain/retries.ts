/** When a failed delivery is retried, and when it is dead. */

// Milliseconds from the first failure to the next attempt: a receiver that was restarted is back by then. Doubles.
export const RETRY_FIRST_MS = 10_000;
// Milliseconds between attempts at most: a receiver that comes back after hours gets its events within a quarter of an hour.
export const RETRY_CAP_MS = 900_000;
// Failures after which a delivery is dead. Seven delays double up to the cap, 94 more are the cap: 101 delays are 24 hours, so
// that a receiver may be out for a night and somebody has the next day to mend it.
export const ATTEMPTS_MAX = 102;

export type Retries = { readonly firstMs: number; readonly capMs: number; readonly attemptsMax: number };
