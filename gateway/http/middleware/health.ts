import { type DependencyCheck, readHealth } from '../../../platform/http/operations-server.ts';
import type { Metrics } from '../../../platform/telemetry/metrics.ts';
import type { Ctx, Middleware } from '../context.ts';
import { renderProblems } from '../problems/document.ts';

export type Health = {
  readonly version: string;
  readonly metrics: Metrics;
  /** Without any of these no order can be taken, and another gateway should get the request. */
  readonly required: Readonly<Record<string, DependencyCheck>>;
  /** Without these orders are taken and finish later; taking the gateway away would help nobody. */
  readonly optional: Readonly<Record<string, DependencyCheck>>;
  /** True from the moment in which the gateway begins to stop. */
  readonly draining: () => boolean;
};

/** Health, metrics and the list of problems: outside the log, the limits and the versions of the API. */
export function health(options: Health): Middleware {
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
  return async function healthMiddleware(ctx, next) {
    const answer =
      (ctx.method === 'GET' || ctx.method === 'HEAD') && Object.hasOwn(answers, ctx.path) ? answers[ctx.path] : undefined;
    if (answer) await answer(ctx);
    else await next();
  };
}

/** Public, so it does not say why a dependency is down: the reasons name addresses and are in the logs. */
async function ready(ctx: Ctx, { version, required, optional, draining }: Health): Promise<void> {
  const read = await readHealth({ service: 'gateway', version, checks: { ...required, ...optional } });
  const dependencies = read.dependencies.map(({ name, status }) => ({ name, status, required: Object.hasOwn(required, name) }));
  const isReady = !draining() && dependencies.every((dependency) => dependency.status === 'up' || !dependency.required);
  const degraded = dependencies.filter(({ status }) => status === 'down').map(({ name }) => name);
  ctx.status = isReady ? 200 : 503;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { status: isReady ? 'ready' : 'not_ready', service: 'gateway', version, dependencies, degraded };
}
