import { STATUS_CODES } from 'node:http';
import type { Reason } from '../../../contracts/reasons.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { currentContext } from '../../../platform/telemetry/context.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { Ctx, Middleware } from '../context.ts';
import { problemOf } from '../errors.ts';
import { HttpProblem } from '../problem.ts';
import { PROBLEMS } from '../problems/table.ts';

/** Turns each error of the inner middleware, and each request that no route answered, into an RFC 9457 problem document. */
export function problemErrors(logger: Logger): Middleware {
  return async function problemErrorsMiddleware(ctx, next) {
    try {
      await next();
      if (ctx.status >= 400 && ctx.body === undefined) answer(ctx, bodyless(ctx.status));
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

/** Answers that the router leaves without a body: 404, 405 with Allow, 501. */
function bodyless(status: number): HttpProblem {
  const reason: Reason = status >= 500 ? 'internal' : 'not_found';
  const detail = status === 405 ? 'This path does not take this method; see Allow.' : 'There is nothing at this path.';
  return new HttpProblem({ reason, status, detail });
}

function answer(ctx: Ctx, problem: HttpProblem): void {
  const { reason, status, detail, members } = problem;
  const row = PROBLEMS[reason];
  ctx.status = status;
  if (problem.retryAfterS !== undefined) ctx.set('Retry-After', String(problem.retryAfterS));
  // The rest of a body that is too large is not read.
  if (status === 413) ctx.set('Connection', 'close');
  if (status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="shopfast"');
  ctx.body = JSON.stringify({
    // Served by this gateway, so that the link works wherever it runs.
    type: `/docs/problems.md#${reason}`,
    title: status === row.status ? row.title : (STATUS_CODES[status] ?? row.title),
    status,
    detail,
    reason,
    trace_id: currentContext()?.traceId,
    // The path as it was asked for; a query may hold what a person typed.
    instance: ctx.originalUrl.split('?')[0],
    ...members,
  });
  ctx.type = 'application/problem+json';
}
