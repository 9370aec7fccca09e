/** Milliseconds; the deadline of POST /orders is 30 s, and submitting and reading the order take their share of it. */
const WAIT_MAX_MS = 25_000;

export type PreferredWait = {
  readonly waitMs: number;
  /** The honoured preference, for Preference-Applied (RFC 7240); undefined when none was stated. */
  readonly applied: string | undefined;
};

/** How long the caller wants to wait for the outcome, by `Prefer: wait=N` (seconds) or `respond-async`. */
export function preferredWait(header: string, defaultWaitMs: number): PreferredWait {
  const preferences = header.split(',').map((preference) => preference.split(';')[0]?.trim().toLowerCase() ?? '');
  for (const preference of preferences) {
    const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference)?.[1];
    if (seconds === undefined) continue;
    const waitMs = Math.min(Number(seconds) * 1000, WAIT_MAX_MS);
    return { waitMs, applied: `wait=${waitMs / 1000}` };
  }
  // With `wait` it means "asynchronously after that"; without, immediately.
  if (preferences.includes('respond-async')) return { waitMs: 0, applied: 'respond-async' };
  return { waitMs: defaultWaitMs, applied: undefined };
}
