import { StatusError } from '../platform/rpc/status-error.ts';

/** Answers after which nobody knows what became of a call: it is at work elsewhere, or its answer was lost. */
export const UNKNOWN: readonly string[] = ['UNAVAILABLE', 'ABORTED', 'DEADLINE_EXCEEDED'];
const PAUSE_MS = 20;
// Longer than any service of a test is away.
const LIMIT_MS = 20_000;

/** The same call under the same key until it is known what became of it, as the saga does. `again`: the answers that are none. */
export async function insist<T>(
  call: () => Promise<T>,
  options: { readonly again?: readonly string[]; readonly limitMs?: number; readonly onRepeat?: () => void } = {},
): Promise<T> {
  const { again = UNKNOWN, limitMs = LIMIT_MS, onRepeat = () => {} } = options;
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await call();
    } catch (error: unknown) {
      if (!(error instanceof StatusError) || !again.includes(error.code) || performance.now() > endMs) throw error;
      onRepeat();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
