import { createServer } from 'node:http';
import { close, listen } from '../platform/http/operations-server.ts';
import type { Running } from '../platform/lifecycle/run.ts';
import { openPool } from '../platform/persistence/pool.ts';
import { requireDatabase } from '../platform/persistence/reach.ts';
import { createLogger, type Logger } from '../platform/telemetry/logs.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { VERSION } from '../platform/version.ts';
import { createApp } from './app.ts';
import { DEADLINES_MS, openClients } from './clients.ts';
import type { GatewayConfig } from './config.ts';
import { createOrderMetrics } from './metrics.ts';
import { createOrderCommands } from './order-commands.ts';
import { createOrderEvents, orderStateReader } from './order-events.ts';
import { createOrderList } from './order-list.ts';
import { createOrderReader } from './order-reader.ts';
import { createOrderWorkflows } from './order-workflow.ts';
import { createParkedOrders } from './parked-orders.ts';
import { createApiClients } from './store/api-clients.ts';
import { migrate } from './store/migrations.ts';
import { readSeed } from './store/seed.ts';
import { openTemporal } from './temporal.ts';
import { createTokenVerifier } from './tokens.ts';

// Connections of one instance to its own database: one short look-up per API key every half minute.
const POOL_MAX = 5;
// Milliseconds for one dependency in readiness, below the limit of readiness itself.
const CHECK_LIMIT_MS = 800;

const SERVER_LIMITS = {
  // Bytes of all headers; an access token is about 500.
  maxHeaderSize: 16 * 1024,
  // Milliseconds in which a client must have sent its headers, and its whole request: slower ones are holding connections.
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
  // Longer than the 60 s after which load balancers usually drop an idle connection, so that they are the ones to drop it.
  keepAliveTimeout: 65_000,
} as const;

/** Starts the gateway. It starts without the services and Temporal: it needs only its own database, for its migrations. */
export async function startGateway(config: GatewayConfig, options: { readonly taskQueue?: string } = {}): Promise<Running> {
  const logger = createLogger('gateway', config.LOG_LEVEL);
  await requireDatabase(config, 'GATEWAY_DATABASE_URL');
  const pool = openPool({
    url: config.GATEWAY_DATABASE_URL,
    max: POOL_MAX,
    onError: (error) => logger.warn({ error }, 'An idle database connection broke'),
  });
  const apiClients = createApiClients(pool);
  await migrate(pool);
  if (config.GATEWAY_SEED_FILE) await apiClients.put(await readSeed(config.GATEWAY_SEED_FILE));

  const clients = openClients(config);
  const temporal = await openTemporal(config);
  const metrics = createMetrics('gateway', VERSION);
  const stop = new AbortController();
  const workflows = createOrderWorkflows({ temporal, logger, stopping: stop.signal, ...options });
  const orderReader = createOrderReader({ orders: clients.orders, workflows });
  const app = createApp({
    logger,
    metrics,
    orderMetrics: createOrderMetrics(metrics.registry),
    operations: {
      version: VERSION,
      metrics,
      required: {
        database: pool.check,
        orders: () => clients.orders.ready(CHECK_LIMIT_MS),
        temporal: () => temporal.check(CHECK_LIMIT_MS),
      },
      optional: {
        users: () => clients.users.ready(CHECK_LIMIT_MS),
        products: () => clients.products.ready(CHECK_LIMIT_MS),
        payments: () => clients.payments.ready(CHECK_LIMIT_MS),
      },
      draining: () => stop.signal.aborted,
    },
    clients,
    workflows,
    orderReader,
    orderList: createOrderList({ orders: clients.orders, parkedOrders: createParkedOrders(temporal) }),
    orderCommands: createOrderCommands(temporal),
    orderEvents: createOrderEvents({
      look: orderStateReader(orderReader),
      streamsMax: config.ORDER_EVENT_STREAMS_MAX,
      stopping: stop.signal,
      logger,
    }),
    findApiClient: (key) => apiClients.find(key),
    verifyToken: createTokenVerifier({
      async fetchJwks() {
        const { jwksJson } = await clients.users.calls.getJwks({}, { deadlineMs: DEADLINES_MS.keys });
        return jwksJson;
      },
    }),
    defaultWaitMs: config.ORDER_WAIT_MS,
    stepLimitMs: config.SAGA_STEP_LIMIT_MS,
    returnWindowMs: config.RETURN_WINDOW_MS,
  });
  const release = async () => {
    clients.close();
    await temporal.close();
    await pool.close();
  };
  return listenAndServe({ app, config, logger, stop, release });
}

async function listenAndServe(options: {
  app: ReturnType<typeof createApp>;
  config: GatewayConfig;
  logger: Logger;
  stop: AbortController;
  release(): Promise<void>;
}): Promise<Running> {
  const { app, config, logger, stop } = options;
  const handle = app.callback();
  const server = createServer(SERVER_LIMITS, (request, response) => void handle(request, response));
  const port = await listen(server, config.GATEWAY_PORT, config.BIND_HOST);
  logger.info({ http_port: port }, 'Ready');
  return {
    listening: { http: port },
    async stop() {
      // Not ready from here on, and whoever waits for an order is answered that it goes on.
      stop.abort();
      await close(server);
      await options.release();
    },
  };
}
