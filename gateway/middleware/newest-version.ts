import type { Middleware } from '../context.ts';

const NEWEST = '/v1';
// Paths with a version, and those that are of no version: what they tell holds for all.
const AS_IT_IS = /^\/(v\d+|\.well-known|docs|openapi\.json)(\/|$)/;

/** A path without a version is an alias of the newest one. */
export function newestVersion(): Middleware {
  return async function newestVersionMiddleware(ctx, next) {
    if (!AS_IT_IS.test(ctx.path)) ctx.path = `${NEWEST}${ctx.path}`;
    await next();
  };
}
