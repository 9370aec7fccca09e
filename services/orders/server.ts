import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createOutboxHandler } from '../../platform/outbox/handler.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { served } from '../../platform/rpc/server.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { toStatus } from './api/errors.ts';
import { createHandler } from './api/handler.ts';
import { RULES } from './audit/rules.ts';
import type { OrdersConfig } from './config.ts';
import { createListEffects } from './store/effects.ts';
import { ENTITIES, MIGRATIONS } from './store/orm.ts';
import { createSnapshot } from './store/snapshot.ts';

export async function startOrders(config: OrdersConfig): Promise<Running> {
  const logger = createLogger('orders', config.LOG_LEVEL);
  await requireDatabase(config, 'ORDERS_DATABASE_URL');
  const url = config.ORDERS_DATABASE_URL;
  const database = await openDatabase({ url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  return startGrpcService({
    service: 'orders',
    host: config.BIND_HOST,
    grpcPort: config.ORDERS_PORT,
    httpPort: config.ORDERS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: OrdersServiceService,
    handlers: createHandler({
      database,
      snapshot: createSnapshot(database),
      charges: { taxBasisPoints: config.TAX_BASIS_POINTS, shippingMinor: config.SHIPPING_MINOR },
      listEffects: createListEffects(database),
      audit: () => evaluate(database, RULES),
    }),
    toStatus,
    alsoServe: [served(OutboxServiceService, createOutboxHandler(database))],
    checks: { database: database.check },
    close: database.close,
  });
}
