/**
 * Bounds the requests in flight. A request is in flight until its answer is sent or its connection ends: an answer that nobody reads
 * holds memory.
 *
 * IF1 All callers together have at most `GATEWAY_REQUESTS_MAX` requests in flight; one more is refused before it costs anything.
 * IF2 One caller has at most `GATEWAY_REQUESTS_PER_CALLER_MAX`, so that nobody takes every slot.
 * IF3 A request that only waits (for an order's outcome, or for the next event of a stream) holds no slot of the first kind: waiting
 *     customers refuse nobody else. Their waits have a bound of their own (workflow/outcome.ts, orders/feed.ts).
 */
import type { Ctx, Middleware } from '../http/context.ts';
import { HttpProblem, RETRY_AFTER_S } from '../http/problem.ts';
import { createSlots, type Release } from './slots.ts';

/** IF1, IF3 */
export function limitInFlight(max: number): Middleware {
  const slots = createSlots(max);
  return async function limitInFlightMiddleware(ctx, next) {
    const release = slots.take();
    if (!release) throw overloaded('This gateway has too many requests in flight.');
    ctx.state.waits = release;
    releaseWhenAnswered(ctx, release);
    await next();
  };
}

/** IF2. Stands behind the identification of client and user. */
export function limitPerCaller(max: number): Middleware {
  const slots = createSlots(max);
  return async function limitPerCallerMiddleware(ctx, next) {
    const caller = callerKey(ctx);
    if (caller !== undefined) {
      const release = slots.take(caller);
      if (!release) throw overloaded('You have too many requests in flight.');
      releaseWhenAnswered(ctx, release);
    }
    await next();
  };
}

/** The user; without a token the application at its address. The internal tier has no limit of its own. */
function callerKey({ state: { client, caller }, req }: Ctx): string | undefined {
  if (client.tier === 'internal') return undefined;
  return caller ? `user ${caller.userId}` : `client ${client.id} ${req.socket.remoteAddress ?? ''}`;
}

function releaseWhenAnswered({ req, res }: Ctx, release: Release): void {
  res.once('close', release);
  // Its connection ended before: nothing will be sent, and `close` was emitted already.
  if (req.socket.destroyed) release();
}

export function overloaded(detail: string): HttpProblem {
  return new HttpProblem({ reason: 'overloaded', detail: `${detail} Try again.`, retryAfterS: RETRY_AFTER_S });
}
