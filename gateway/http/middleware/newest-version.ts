import type { Middleware } from '../context.ts';

const NEWEST = '/v1';
// Paths with a version, and those that belong to no version.
const UNCHANGED = /^\/($|(v\d+|\.well-known|docs|openapi\.json)(\/|$))/;

/** A path without a version is an alias of the newest one. */
export function inNewestVersion(path: string): string {
  return UNCHANGED.test(path) ? path : `${NEWEST}${path}`;
}

export function newestVersion(): Middleware {
  return async function newestVersionMiddleware(ctx, next) {
    ctx.path = inNewestVersion(ctx.path);
    await next();
  };
}
