import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ConfigError } from '../../platform/config/load.ts';
import { readSecret } from '../../platform/config/secret.ts';
import { close, listen, readHealth } from '../../platform/http/operations-server.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { VERSION } from '../../platform/version.ts';
import { errorBody, serveApi } from './api.ts';
import type { ProviderConfig } from './config.ts';
import { createDelivery, send } from './delivery.ts';
import { openStore } from './store/open.ts';
import { startWebhook, type Webhook } from './webhook.ts';

const SERVICE = 'provider';

/** Starts the simulated payment provider: its API, its health and its metrics on one port. */
export async function startProvider(config: ProviderConfig): Promise<Running> {
  const logger = createLogger(SERVICE, config.LOG_LEVEL);
  const webhook = await webhookOf(config);
  await requireDatabase(config, 'PROVIDER_DATABASE_URL');
  const store = await openStore({
    url: config.PROVIDER_DATABASE_URL,
    onError: (error) => logger.warn({ error }, 'An idle database connection was lost'),
  });
  const metrics = createMetrics(SERVICE, VERSION);
  const delivery = createDelivery();
  const events = webhook && startWebhook({ store, webhook, logger });
  let draining = false;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<string> {
    if (request.method !== 'GET') return serveApi({ store, delivery }, request, response);
    switch (request.url) {
      case '/health/live':
        send(response, 200, JSON.stringify({ status: 'live' }));
        return request.url;
      case '/health/ready': {
        const health = await readHealth({ service: SERVICE, version: VERSION, checks: { database: store.check } });
        const ready = health.status === 'ready' && !draining;
        send(response, ready ? 200 : 503, JSON.stringify({ ...health, status: ready ? 'ready' : 'not_ready' }));
        return request.url;
      }
      case '/metrics':
        response.writeHead(200, { 'content-type': metrics.registry.contentType });
        response.end(await metrics.registry.metrics());
        return request.url;
      default:
        return serveApi({ store, delivery }, request, response);
    }
  }

  const server = createServer((request, response) => {
    const startedMs = performance.now();
    serve(request, response).then(
      (route) => {
        const labels = { method: request.method ?? '', route };
        metrics.httpRequests.inc({ ...labels, code: response.statusCode });
        metrics.httpSeconds.observe(labels, (performance.now() - startedMs) / 1000);
      },
      (error: unknown) => {
        logger.error({ error }, 'A request failed unexpectedly');
        send(response, 500, errorBody('internal', 'Internal error'));
      },
    );
  });
  const port = await listen(server, config.PROVIDER_PORT, config.BIND_HOST);
  logger.info({ http_port: port }, 'Ready');
  return {
    listening: { http: port },
    async stop() {
      draining = true;
      delivery.drop();
      await close(server);
      await events?.stop();
      await store.close();
    },
  };
}

async function webhookOf(config: ProviderConfig): Promise<Webhook | undefined> {
  const { PROVIDER_WEBHOOK_URL: url, PROVIDER_WEBHOOK_SECRET: value, PROVIDER_WEBHOOK_SECRET_FILE: file } = config;
  if (url === undefined) return undefined;
  const name = 'PROVIDER_WEBHOOK_SECRET';
  const secret = await readSecret({ name, value, file });
  if (secret === undefined) throw new ConfigError(`${name} is missing: PROVIDER_WEBHOOK_URL needs it`);
  return { url, secret };
}
