import { StatusError } from '../../../platform/rpc/status-error.ts';
import { currentContext } from '../../../platform/telemetry/context.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { Ctx, Middleware } from '../context.ts';
import { problemOf } from '../errors.ts';
import { HttpProblem, notHere } from '../problem.ts';
import { PROBLEM_TYPE, problemJson } from '../problems/problem-json.ts';

/** Turns each error of the inner middleware, and each request that no route answered, into an RFC 9457 problem document. */
export function problemErrors(logger: Logger): Middleware {
  return async function problemErrorsMiddleware(ctx, next) {
    try {
      await next();
      // The router found nothing.
      if (ctx.status === 404 && ctx.body === undefined) answer(ctx, notHere());
    } catch (error: unknown) {
      const problem = problemFrom(error);
      if (problem.status >= 500) logger.warn({ error: problem.cause ?? error, reason: problem.reason }, 'A request failed');
      answer(ctx, problem);
    }
  };
}

function problemFrom(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof StatusError) return problemOf(error);
  // A bug: its message stays in the log.
  return new HttpProblem({ reason: 'internal', detail: 'A fault of ours. The trace id finds it in our logs.', cause: error });
}

function answer(ctx: Ctx, problem: HttpProblem): void {
  const { status } = problem;
  ctx.status = status;
  if (problem.retryAfterS !== undefined) ctx.set('Retry-After', String(problem.retryAfterS));
  if (problem.allow) ctx.set('Allow', problem.allow.join(', '));
  // The rest of a body that is too large is not read.
  if (status === 413) ctx.set('Connection', 'close');
  if (status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="shopfast"');
  ctx.body = problemJson(problem, { traceId: currentContext()?.traceId, url: ctx.originalUrl });
  ctx.type = PROBLEM_TYPE;
}
