import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/** Tries `check` until it resolves; after `limitMs` rejects with why the last try failed. */
export async function waitFor<T>(check: () => Promise<T>, limitMs: number, gaveUp: () => boolean = () => false): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error: unknown) {
      if (Date.now() > deadline || gaveUp()) throw error;
    }
    await delay(POLL_MS);
  }
}
