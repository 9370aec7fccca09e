/** What one round of load saw. Latencies in milliseconds, sorted. */
export type Round = {
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
};

/** Closed loop: `concurrency` callers, each calling again as soon as it is answered, until the time is over. */
export function loadFor(durationMs: number, concurrency: number, call: () => Promise<boolean>): Promise<Round> {
  const endMs = performance.now() + durationMs;
  return closedLoop(() => performance.now() < endMs, concurrency, call);
}

/** The same until so many calls have been made. */
export function loadOf(calls: number, concurrency: number, call: () => Promise<boolean>): Promise<Round> {
  let left = calls;
  return closedLoop(() => left-- > 0, concurrency, call);
}

async function closedLoop(goOn: () => boolean, concurrency: number, call: () => Promise<boolean>): Promise<Round> {
  const latenciesMs: number[] = [];
  let failed = 0;
  const startMs = performance.now();
  const caller = async (): Promise<void> => {
    while (goOn()) {
      const calledMs = performance.now();
      const ok = await call();
      if (ok) latenciesMs.push(performance.now() - calledMs);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - startMs) / 1000;
  return { done: latenciesMs.length, failed, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Median with the least and the greatest, as figures of a noisy machine must be given. */
export function spread(values: readonly number[]): { readonly median: number; readonly min: number; readonly max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** Median with the interval that holds the true median with 95 % confidence, whatever the distribution: two of the sorted values. */
export function medianInterval(values: readonly number[]): {
  readonly median: number;
  readonly low: number;
  readonly high: number;
} {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
  const below = outsideOfInterval(sorted.length);
  return { median, low: sorted[below] ?? Number.NaN, high: sorted[sorted.length - 1 - below] ?? Number.NaN };
}

/**
 * How many values on each side lie outside of the interval: the most for which a fair coin shows so few heads in n throws with a
 * probability of at most 2.5 % (sign test). Fewer than six values give no such interval: then all of them are inside.
 */
function outsideOfInterval(n: number): number {
  let outside = 0;
  let atMost = 0;
  for (let heads = 0, ways = 1; heads < n / 2; heads += 1) {
    atMost += ways / 2 ** n;
    if (atMost > 0.025) break;
    outside = heads;
    ways = (ways * (n - heads)) / (heads + 1);
  }
  return outside;
}
