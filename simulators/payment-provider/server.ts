import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { close, listen, readHealth } from '../../platform/http/operations-server.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createLogger } from '../../platform/logging/logger.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { VERSION } from '../../platform/version.ts';
import { ApiError } from './api-error.ts';
import type { ProviderConfig } from './config.ts';
import { type ApiAnswer, route } from './routes.ts';
import { openStore } from './store.ts';

const SERVICE = 'provider';
// Milliseconds that tok_slow takes: long enough to be seen, shorter than the deadline of a caller (5 s).
const SLOW_MS = 3_000;
// Milliseconds that tok_timeout_after_charge holds the socket: longer than any caller waits.
const SILENCE_MS = 30_000;
// Bytes of a request body; the longest real one is below 1 KiB.
const BODY_LIMIT = 16_384;

/** Starts the simulated payment provider: its API, its health and its metrics on one port. */
export async function startProvider(config: ProviderConfig): Promise<Running> {
  const logger = createLogger(SERVICE, config.LOG_LEVEL);
  const store = await openStore({
    url: config.PROVIDER_DATABASE_URL,
    onError: (error) => logger.warn({ error }, 'An idle database connection was lost'),
  });
  const metrics = createMetrics(SERVICE, VERSION);
  const answers = delayedAnswers();
  let draining = false;

  const server = createServer((request, response) => {
    const startedMs = performance.now();
    serve(request, response).then(
      (served) => {
        const labels = { method: request.method ?? '', route: served };
        metrics.httpRequests.inc({ ...labels, code: response.statusCode });
        metrics.httpSeconds.observe(labels, (performance.now() - startedMs) / 1000);
      },
      (error: unknown) => {
        logger.error({ error }, 'A request failed unexpectedly');
        send(response, 500, errorBody('internal', 'Internal error'));
      },
    );
  });

  /** Answers the request; returns the route for the metrics. */
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<string> {
    const url = new URL(request.url ?? '/', 'http://provider');
    if (request.method === 'GET' && (await serveOperations(url.pathname, response))) return url.pathname;
    let matched: ReturnType<typeof route>;
    try {
      const method = request.method ?? '';
      const body = method === 'POST' ? await readJson(request) : undefined;
      const key = request.headers['idempotency-key'];
      matched = route(store, {
        method,
        path: url.pathname,
        query: url.searchParams,
        key: typeof key === 'string' ? key : undefined,
        body,
      });
      if (!matched) throw new ApiError(404, 'not_found', 'No such route');
      await answers.deliver(await matched.answer(), response);
    } catch (error: unknown) {
      if (!(error instanceof ApiError)) throw error;
      send(response, error.status, errorBody(error.code, error.message));
    }
    return matched?.route ?? 'unknown';
  }

  async function serveOperations(path: string, response: ServerResponse): Promise<boolean> {
    if (path === '/health/live') {
      send(response, 200, JSON.stringify({ status: 'live' }));
    } else if (path === '/health/ready') {
      const health = await readHealth({ service: SERVICE, version: VERSION, checks: { postgresql: store.check } });
      const ready = health.status === 'ready' && !draining;
      send(response, ready ? 200 : 503, JSON.stringify({ ...health, status: ready ? 'ready' : 'not_ready' }));
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': metrics.registry.contentType });
      response.end(await metrics.registry.metrics());
    } else {
      return false;
    }
    return true;
  }

  const port = await listen(server, config.PROVIDER_PORT, config.BIND_HOST);
  logger.info({ http_port: port }, 'Ready');
  return {
    listening: { http: port },
    async stop() {
      draining = true;
      answers.drop();
      await close(server);
      await store.close();
    },
  };
}

/** Sends answers in their manner, and knows which ones are still on their way. */
function delayedAnswers() {
  const waiting = new Map<ServerResponse, () => void>();

  function wait(response: ServerResponse, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, delayMs);
      function done(): void {
        clearTimeout(timer);
        waiting.delete(response);
        resolve();
      }
      waiting.set(response, done);
      response.once('close', done);
    });
  }

  return {
    async deliver({ status, body, manner }: ApiAnswer, response: ServerResponse): Promise<void> {
      if (manner === 'slow') await wait(response, SLOW_MS);
      if (manner === 'never') {
        await wait(response, SILENCE_MS);
        response.destroy();
        return;
      }
      send(response, status, body);
    },
    /** Ends every wait at once. */
    drop() {
      for (const done of [...waiting.values()]) done();
    },
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw new ApiError(400, 'invalid_request', 'The body is too large');
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError(400, 'invalid_request', 'The body is not JSON');
  }
}
