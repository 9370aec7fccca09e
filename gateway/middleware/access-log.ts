import type { Logger } from '../../platform/logging/logger.ts';
import type { Metrics } from '../../platform/telemetry/metrics.ts';
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
      const route = ctx.state.route ?? 'unmatched';
      const { method, status } = ctx;
      metrics.httpRequests.inc({ route, method, code: status });
      metrics.httpSeconds.observe({ route, method }, durationMs / 1000);
      const fields = { method, route, status, duration_ms: Math.round(durationMs), client_id: ctx.state.client?.id };
      if (status >= 500) logger.warn(fields, 'Answered a request with a fault');
      else logger.info(fields, 'Answered a request');
    }
  };
}
