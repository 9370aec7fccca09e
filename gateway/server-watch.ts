// Milliseconds between two looks, and for the server to answer one. Two failures in a row count, so that one slow moment does not:
// a server that died silently is known after 0.3 + 2 × 0.6 s, which keeps the answer under two seconds.
const INTERVAL_MS = 300;
const ANSWER_LIMIT_MS = 600;
const FAILURES = 2;

export type Watched = {
  /** Aborted when the server is gone or the gateway stops: whoever waits has to find out another way. */
  readonly signal: AbortSignal;
  serverGone(): boolean;
  end(): void;
};

/**
 * Watches a server for everybody who waits for it. A long wait alone cannot tell a busy server from a dead one whose
 * connection nobody closed. One loop however many wait, and none while nobody does.
 */
export function createServerWatch(options: { ping(limitMs: number): Promise<unknown>; stopping: AbortSignal }) {
  const waiting = new Set<{ controller: AbortController; serverGone: boolean }>();
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  function schedule(afterMs: number): void {
    timer = waiting.size === 0 ? undefined : setTimeout(look, afterMs);
  }

  function look(): void {
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
    for (const one of waiting) {
      one.serverGone = serverGone;
      one.controller.abort();
    }
    waiting.clear();
    failures = 0;
  }

  options.stopping.addEventListener('abort', () => abandonAll(false), { once: true });

  return {
    begin(): Watched {
      const one = { controller: new AbortController(), serverGone: false };
      waiting.add(one);
      if (!timer) schedule(INTERVAL_MS);
      return {
        signal: one.controller.signal,
        serverGone: () => one.serverGone,
        end() {
          waiting.delete(one);
        },
      };
    },
  };
}
