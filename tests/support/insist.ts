import { StatusError } from '../../platform/grpc/status-error.ts';

// Answers after which nobody knows what became of a call.
const UNKNOWN: ReadonlySet<string> = new Set(['UNAVAILABLE', 'ABORTED', 'DEADLINE_EXCEEDED']);
const PAUSE_MS = 20;

/** The same call under the same key until it is known what became of it, as the saga does. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error: unknown) {
      if (!(error instanceof StatusError) || !UNKNOWN.has(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
