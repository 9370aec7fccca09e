// Milliseconds between two looks.
const INTERVAL_MS = 100;

/** Looks until the condition holds; fails with the last thing seen when the limit passes. */
export async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean, limitMs = 10_000): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > endMs) throw new Error(`Not so within ${limitMs} ms; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
