import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger, type Logger } from '../../platform/telemetry/logs.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { toStatus } from './api/errors.ts';
import { createHandler } from './api/handler.ts';
import { RULES } from './audit/rules.ts';
import type { ProductsConfig } from './config.ts';
import { listEffects } from './store/effects.ts';
import { ENTITIES, MIGRATIONS } from './store/orm.ts';
import { countProducts, searchProducts } from './store/search.ts';
import { stock } from './store/stock.ts';
import { startSweeper } from './sweeper.ts';

export async function startProducts(config: ProductsConfig): Promise<Running> {
  const logger = createLogger('products', config.LOG_LEVEL);
  await requireDatabase(config, 'PRODUCTS_DATABASE_URL');
  const url = config.PRODUCTS_DATABASE_URL;
  const database = await openDatabase({ url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  return serveProducts(config, { database, stock, logger });
}

/** Serves the products of a database that is open, and closes it with the service. */
export function serveProducts(
  config: ProductsConfig,
  given: { readonly database: Database; readonly stock: typeof stock; readonly logger: Logger },
): Promise<Running> {
  const { database, logger } = given;
  const sweeper = startSweeper(given);
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
      stock: given.stock,
      holdMs: config.RESERVATION_TTL_MS,
      currencies: config.CURRENCIES,
      search: { products: searchProducts, count: countProducts },
      listEffects: (after, limit) => listEffects(database.sql, after, limit),
      audit: () => evaluate(database, RULES),
    }),
    toStatus,
    checks: { database: database.check },
    async close() {
      await sweeper.stop();
      await database.close();
    },
  });
}
