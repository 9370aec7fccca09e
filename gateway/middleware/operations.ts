import { type DependencyCheck, readHealth } from '../../platform/http/operations-server.ts';
import type { Metrics } from '../../platform/telemetry/metrics.ts';
import type { Ctx, Middleware } from '../context.ts';
import { renderProblems } from '../problems-doc.ts';

export type Operations = {
  readonly version: string;
  readonly metrics: Metrics;
  /** Without any of these no order can be taken, and another gateway should get the request. */
  readonly required: Readonly<Record<string, DependencyCheck>>;
  /** Without these orders are taken and finish later; taking the gateway away would help nobody. */
  readonly optional: Readonly<Record<string, DependencyCheck>>;
  /** True from the moment that the gateway is to stop. */
  readonly draining: () => boolean;
};

/** What operators and machines ask of the gateway itself: outside the log, the limits and the versions of the API. */
export function operations(options: Operations): Middleware {
  const answers: Readonly<Record<string, (ctx: Ctx) => Promise<void>>> = {
    '/health/live': async (ctx) => {
      ctx.body = { status: 'live' };
    },
    '/health/ready': (ctx) => ready(ctx, options),
    '/metrics': async (ctx) => {
      const { registry } = options.metrics;
      ctx.set('Content-Type', registry.contentType);
      ctx.body = await registry.metrics();
    },
    '/docs/problems.md': async (ctx) => {
      ctx.set('Content-Type', 'text/markdown; charset=utf-8');
      ctx.body = renderProblems();
    },
  };
  return async function operationsMiddleware(ctx, next) {
    const answer =
      (ctx.method === 'GET' || ctx.method === 'HEAD') && Object.hasOwn(answers, ctx.path) ? answers[ctx.path] : undefined;
    if (answer) await answer(ctx);
    else await next();
  };
}

/** Why a dependency is down stays in its own answer and in the logs: this one is public, and reasons name addresses. */
async function ready(ctx: Ctx, { version, required, optional, draining }: Operations): Promise<void> {
  const health = await readHealth({ service: 'gateway', version, checks: { ...required, ...optional } });
  const dependencies = health.dependencies.map(({ name, status }) => ({ name, status, required: Object.hasOwn(required, name) }));
  const isReady = !draining() && dependencies.every((dependency) => dependency.status === 'up' || !dependency.required);
  const degraded = dependencies.filter(({ status }) => status === 'down').map(({ name }) => name);
  ctx.status = isReady ? 200 : 503;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { status: isReady ? 'ready' : 'not_ready', service: 'gateway', version, dependencies, degraded };
}
