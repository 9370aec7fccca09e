import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { Metrics } from '../../../platform/telemetry/metrics.ts';
import type { Middleware } from '../context.ts';

/**
 * Logs and counts every answer once. Named by the route's pattern: raw paths would make a metric per order, and queries
 * may hold what a person typed.
 */
export function accessLog({ logger, metrics }: { logger: Logger; metrics: Metrics }): Middleware {
  return async function accessLogMiddleware(ctx, next) {
    const startedMs = performance.now();
    try {
      await next();
    } finally {
      const durationMs = performance.now() - startedMs;
      // The pattern, such as /v1/orders/:id, which the router leaves here.
      const matched: unknown = ctx._matchedRoute;
      const route = typeof matched === 'string' ? matched : 'unmatched';
      const { method, status } = ctx;
      metrics.httpRequests.inc({ route, method, code: status });
      metrics.httpSeconds.observe({ route, method }, durationMs / 1000);
      const fields = {
        method,
        route,
        status,
        duration_ms: Math.round(durationMs),
        client_id: ctx.state.client?.id,
        request_id: ctx.response.get('X-Request-ID'),
      };
      if (status >= 500) logger.warn(fields, 'Answered a request with a fault');
      else logger.info(fields, 'Answered a request');
    }
  };
}
