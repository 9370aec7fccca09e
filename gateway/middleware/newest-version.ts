import type { Middleware } from '../context.ts';

const NEWEST = '/v1';
const VERSIONED = /^\/v\d+(\/|$)/;

/** A path without a version is an alias of the newest one. */
export function newestVersion(): Middleware {
  return async function newestVersionMiddleware(ctx, next) {
    if (!VERSIONED.test(ctx.path)) ctx.path = `${NEWEST}${ctx.path}`;
    await next();
  };
}
