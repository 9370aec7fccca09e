// Milliseconds between two pings, and for the server to answer one. Only two failures in a row count, so that one slow moment
// does not: a server that died silently is detected after 0.3 + 2 × 0.6 s, which keeps the answer under two seconds.
const INTERVAL_MS = 300;
const ANSWER_LIMIT_MS = 600;
const FAILURES = 2;

export type Watched = {
  /** Aborted when the server is gone or the gateway stops: the wait is over without an answer. */
  readonly signal: AbortSignal;
  serverGone(): boolean;
  end(): void;
};

/**
 * Pings a server while requests wait for it. Without pings, a long wait cannot tell a busy server from a dead one whose
 * connection stayed open. One loop serves all waiting requests; it stops when no request waits.
 */
export function createServerWatch(options: { ping(limitMs: number): Promise<unknown>; stopping: AbortSignal }) {
  const waiting = new Set<{ controller: AbortController; serverGone: boolean }>();
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  function schedule(afterMs: number): void {
    if (waiting.size > 0) timer = setTimeout(ping, afterMs);
    else stop();
  }

  /** Forgets failures: those of an earlier wait are no sign that the server is gone in the next one. */
  function stop(): void {
    timer = undefined;
    failures = 0;
  }

  function ping(): void {
    options.ping(ANSWER_LIMIT_MS).then(
      () => {
        failures = 0;
        schedule(INTERVAL_MS);
      },
      () => {
        failures += 1;
        if (failures >= FAILURES) abandonAll(true);
        schedule(0);
      },
    );
  }

  function abandonAll(serverGone: boolean): void {
    for (const wait of waiting) {
      wait.serverGone = serverGone;
      wait.controller.abort();
    }
    waiting.clear();
    failures = 0;
  }

  options.stopping.addEventListener('abort', () => abandonAll(false), { once: true });

  return {
    begin(): Watched {
      const wait = { controller: new AbortController(), serverGone: false };
      waiting.add(wait);
      if (!timer) schedule(INTERVAL_MS);
      return {
        signal: wait.controller.signal,
        serverGone: () => wait.serverGone,
        end() {
          waiting.delete(wait);
        },
      };
    },
  };
}
