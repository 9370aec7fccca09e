import type { Middleware } from '../context.ts';

/** While the gateway stops, each answer asks its client to connect elsewhere. */
export function closeWhenDraining(draining: () => boolean): Middleware {
  return async function closeWhenDrainingMiddleware(ctx, next) {
    await next();
    if (draining()) ctx.set('Connection', 'close');
  };
}
