import helmet from 'koa-helmet';
import type { Middleware } from '../context.ts';

/** Answers are data for programs: no content of them runs, is framed, or is cached between the gateway and the caller. */
export function securityHeaders(): Middleware {
  const headers = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  });
  return async function securityHeadersMiddleware(ctx, next) {
    ctx.set('Cache-Control', 'no-store');
    await headers(ctx, next);
  };
}
