import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { ProductsConfig } from './config.ts';
import { ENTITIES } from './entity.ts';
import { createHandler } from './handler.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { createReservations } from './reservations.ts';
import { createProducts } from './service.ts';
import { startSweeper } from './sweeper.ts';

export async function startProducts(config: ProductsConfig): Promise<Running> {
  const logger = createLogger('products', config.LOG_LEVEL);
  await requireDatabase(config, 'PRODUCTS_DATABASE_URL');
  const database = await openDatabase({
    url: config.PRODUCTS_DATABASE_URL,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    logger,
  });
  const sweeper = startSweeper(database, logger);
  return startGrpcService({
    service: 'products',
    host: config.BIND_HOST,
    grpcPort: config.PRODUCTS_PORT,
    httpPort: config.PRODUCTS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: ProductsServiceService,
    handlers: createHandler({
      database,
      products: createProducts(database),
      reservations: createReservations(database, { ttlMs: config.RESERVATION_TTL_MS }),
    }),
    checks: { database: database.check },
    async close() {
      await sweeper.stop();
      await database.close();
    },
  });
}
