import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { served } from '../../platform/rpc/server.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { EventsServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { OrdersConfig } from './config.ts';
import { ENTITIES } from './entity.ts';
import { createEventsHandler } from './events/handler.ts';
import { createHandler } from './handler.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { createOrders } from './service.ts';

export async function startOrders(config: OrdersConfig): Promise<Running> {
  const logger = createLogger('orders', config.LOG_LEVEL);
  await requireDatabase(config, 'ORDERS_DATABASE_URL');
  const database = await openDatabase({
    url: config.ORDERS_DATABASE_URL,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    logger,
  });
  const orders = createOrders(database, {
    taxBasisPoints: config.TAX_BASIS_POINTS,
    shippingMinor: config.SHIPPING_MINOR,
  });
  const events = createEventsHandler(database, {
    privateAllowed: config.WEBHOOK_PRIVATE_ADDRESSES === 'allow',
    retries: {
      firstMs: config.EVENT_RETRY_FIRST_MS,
      capMs: config.EVENT_RETRY_CAP_MS,
      attemptsMax: config.EVENT_ATTEMPTS_MAX,
    },
  });
  return startGrpcService({
    service: 'orders',
    host: config.BIND_HOST,
    grpcPort: config.ORDERS_PORT,
    httpPort: config.ORDERS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: OrdersServiceService,
    handlers: createHandler(orders),
    beside: [served(EventsServiceService, events)],
    checks: { database: database.check },
    close: database.close,
  });
}
