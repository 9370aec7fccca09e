import type { Middleware } from '../context.ts';

/** A gateway that stops tells each client with its answer to connect elsewhere, also those who asked before. */
export function lastAnswers(draining: () => boolean): Middleware {
  return async function lastAnswersMiddleware(ctx, next) {
    await next();
    if (draining()) ctx.set('Connection', 'close');
  };
}
