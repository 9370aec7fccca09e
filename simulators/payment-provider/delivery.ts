import type { ServerResponse } from 'node:http';
import type { ApiAnswer } from './routes.ts';

// Milliseconds that tok_slow takes: long enough to be seen, shorter than the deadline of a caller (5 s).
const SLOW_MS = 3_000;
// Milliseconds that tok_timeout_after_charge holds the socket: longer than any caller waits.
const SILENCE_MS = 30_000;

export type Delivery = ReturnType<typeof createDelivery>;

/** Sends answers in their manner, and keeps track of those that wait. */
export function createDelivery() {
  const waiting = new Map<ServerResponse, () => void>();

  function wait(response: ServerResponse, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, delayMs);
      function done(): void {
        clearTimeout(timer);
        waiting.delete(response);
        resolve();
      }
      waiting.set(response, done);
      response.once('close', done);
    });
  }

  return {
    async deliver({ status, body, manner }: ApiAnswer, response: ServerResponse): Promise<void> {
      if (manner === 'slow') await wait(response, SLOW_MS);
      if (manner === 'never') {
        await wait(response, SILENCE_MS);
        response.destroy();
        return;
      }
      send(response, status, body);
    },
    /** Ends every wait now. */
    drop() {
      for (const done of [...waiting.values()]) done();
    },
  };
}

export function send(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}
