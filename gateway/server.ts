import { readSecret } from '../platform/config/secret.ts';
import { listen } from '../platform/http/operations-server.ts';
import type { Running } from '../platform/lifecycle/run.ts';
import { openPool } from '../platform/persistence/pool.ts';
import { requireDatabase } from '../platform/persistence/reach.ts';
import { createLogger, type Logger } from '../platform/telemetry/logs.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { VERSION } from '../platform/version.ts';
import { createApp } from './app.ts';
import { openClients } from './clients.ts';
import type { GatewayConfig } from './config.ts';
import { createHttpServer } from './http/server/http-server.ts';
import { createTokenVerifier } from './identity/tokens.ts';
import { createOrderFeed, createStateReader } from './orders/feed.ts';
import { createOrderMetrics } from './orders/metrics.ts';
import { createOrderReader } from './orders/read.ts';
import { openOrderWorkflow } from './orders/workflow/workflow.ts';
import { createApiClients } from './store/api-clients.ts';
import { migrate } from './store/migrations.ts';
import { readSeed } from './store/seed.ts';

// Connections of one instance to its own database: one short look-up per API key every half minute.
const POOL_MAX = 5;
// Milliseconds for one dependency in readiness, below the limit of readiness itself.
const CHECK_LIMIT_MS = 800;
const KEYS_LIMIT_MS = 1_500;

/** Starts the gateway. It needs only its own database to start; services and Temporal may come later. */
export async function startGateway(config: GatewayConfig, options: { readonly taskQueue?: string } = {}): Promise<Running> {
  const logger = createLogger('gateway', config.LOG_LEVEL);
  const { pool, apiClients } = await openStore(config, logger);
  const stop = new AbortController();
  const clients = openClients(config);
  const workflow = await openOrderWorkflow({ config, logger, taskQueue: options.taskQueue, stopping: stop.signal });
  const orderReader = createOrderReader({ orders: clients.orders, workflow });
  const metrics = createMetrics('gateway', VERSION);
  const { app, methodsAt } = createApp({
    logger,
    metrics,
    health: {
      version: VERSION,
      metrics,
      required: {
        database: pool.check,
        orders: () => clients.orders.ready(CHECK_LIMIT_MS),
        temporal: () => workflow.check(CHECK_LIMIT_MS),
      },
      optional: {
        users: () => clients.users.ready(CHECK_LIMIT_MS),
        products: () => clients.products.ready(CHECK_LIMIT_MS),
        payments: () => clients.payments.ready(CHECK_LIMIT_MS),
        notifications: () => clients.notifications.ready(CHECK_LIMIT_MS),
      },
      draining: () => stop.signal.aborted,
    },
    clients,
    workflow,
    orderReader,
    orderMetrics: createOrderMetrics(metrics.registry),
    orderFeed: createOrderFeed({
      readState: createStateReader(orderReader),
      streamsMax: config.ORDER_EVENT_STREAMS_MAX,
      streamsPerUserMax: config.ORDER_EVENT_STREAMS_PER_USER_MAX,
      stopping: stop.signal,
      logger,
    }),
    findApiClient: apiClients.find,
    verifyToken: createTokenVerifier({
      async fetchJwks() {
        const { jwksJson } = await clients.users.calls.getJwks({}, { deadlineMs: KEYS_LIMIT_MS });
        return jwksJson;
      },
    }),
    providerWebhookSecret: await readSecret({
      name: 'PROVIDER_WEBHOOK_SECRET',
      value: config.PROVIDER_WEBHOOK_SECRET,
      file: config.PROVIDER_WEBHOOK_SECRET_FILE,
    }),
    requestsMax: config.GATEWAY_REQUESTS_MAX,
    requestsPerCallerMax: config.GATEWAY_REQUESTS_PER_CALLER_MAX,
    defaultWaitMs: config.ORDER_WAIT_MS,
    stepLimitMs: config.SAGA_STEP_LIMIT_MS,
    returnWindowMs: config.RETURN_WINDOW_MS,
  });
  const handle = app.callback();
  const http = createHttpServer({
    handle: (request, response) => void handle(request, response),
    methodsAt,
    connectionsMax: config.GATEWAY_CONNECTIONS_MAX,
    writeTimeoutMs: config.GATEWAY_WRITE_TIMEOUT_MS,
    logger,
    metrics,
  });
  const port = await listen(http.server, config.GATEWAY_PORT, config.BIND_HOST);
  logger.info({ http_port: port }, 'Ready');
  return {
    listening: { http: port },
    async stop() {
      // Not ready from now on; requests that wait for an order get the answer that it goes on.
      stop.abort();
      await http.close();
      clients.close();
      await workflow.close();
      await pool.close();
    },
  };
}

async function openStore(config: GatewayConfig, logger: Logger) {
  await requireDatabase(config, 'GATEWAY_DATABASE_URL');
  const pool = openPool({
    url: config.GATEWAY_DATABASE_URL,
    max: POOL_MAX,
    onError: (error) => logger.warn({ error }, 'An idle database connection broke'),
  });
  await migrate(pool);
  const apiClients = createApiClients(pool);
  if (config.GATEWAY_SEED_FILE) await apiClients.put(await readSeed(config.GATEWAY_SEED_FILE));
  return { pool, apiClients };
}
