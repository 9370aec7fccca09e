import { contextFrom, withContext } from '../../../platform/telemetry/context.ts';
import type { Middleware } from '../context.ts';

// What a caller's own request id may look like; anything else is replaced, so that nobody writes into our logs.
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Continues the caller's trace, or starts one, and answers with an id by which the caller finds the request again. */
export function requestContext(): Middleware {
  return async function requestContextMiddleware(ctx, next) {
    const context = contextFrom(ctx.get('traceparent') || undefined);
    const given = ctx.get('x-request-id');
    ctx.set('X-Request-ID', REQUEST_ID.test(given) ? given : context.traceId);
    await withContext(context, next);
  };
}
