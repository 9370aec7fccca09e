/** The products service as a process that meets its fate at a statement or after a commit. */
import { loadConfig } from '../../../platform/config/load.ts';
import { run } from '../../../platform/lifecycle/run.ts';
import { type Database, openDatabase, type Transaction } from '../../../platform/persistence/database.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import { startGrpcService } from '../../../platform/rpc/service.ts';
import { createLogger } from '../../../platform/telemetry/logs.ts';
import { ProductsServiceService } from '../../../proto/gen/shopfast/products/v1/products.ts';
import { productsConfig } from '../../../services/products/config.ts';
import { ENTITIES } from '../../../services/products/entity.ts';
import { createHandler } from '../../../services/products/handler.ts';
import { MIGRATIONS } from '../../../services/products/migrations/index.ts';
import { createReservations } from '../../../services/products/reservations.ts';
import { createProducts } from '../../../services/products/service.ts';
import { startSweeper } from '../../../services/products/sweeper.ts';
import { type Fate, meet, ownFate } from './fate.ts';

/** The moments of a release and of a sweep, by the statement after which they are. */
const MOMENTS: Readonly<Record<string, string>> = {
  'after the claim': 'insert into idempotency',
  'after the effect': `set reserved_quantity = p.reserved_quantity - locked.quantity`,
  'after the answer is stored': 'update idempotency set state',
  'holds have ended': "set state = 'expired'",
  'their stock is given back': 'returned as (',
};
const AFTER_COMMIT = 'after the commit';
// A reserve is one statement.
const RESERVE = 'insert into reservations';

function fated(database: Database, fate: Fate): Database {
  async function transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    let released = false;
    const watched = ({ em, sql }: Transaction): Transaction => ({
      em,
      sql: {
        async query<Row extends object>(text: string, values?: readonly unknown[]) {
          const rows = await sql.query<Row>(text, values);
          released ||= text.includes(`values ($1, $2, 'tombstoned'`);
          if (text.includes(MOMENTS[fate.at] ?? fate.at)) await meet(fate);
          return rows;
        },
      },
    });
    const result = await database.transaction((opened) => work(watched(opened)));
    if (fate.at === AFTER_COMMIT && released) await meet(fate);
    return result;
  }
  const sql: Sql = {
    async query<Row extends object>(text: string, values?: readonly unknown[]) {
      if (fate.at === 'before the reserve' && text.includes(RESERVE)) await meet(fate);
      const rows = await database.sql.query<Row>(text, values);
      if (fate.at === 'after the reserve' && text.includes(RESERVE)) await meet(fate);
      return rows;
    },
  };
  return { ...database, transaction, sql };
}

await run('products', async () => {
  const config = loadConfig(productsConfig, process.env);
  const logger = createLogger('products', config.LOG_LEVEL);
  const options = { url: config.PRODUCTS_DATABASE_URL, entities: ENTITIES, migrations: MIGRATIONS, logger };
  const opened = await openDatabase(options);
  const fate = ownFate();
  const database = fate ? fated(opened, fate) : opened;
  const sweeper = startSweeper(database, logger);
  return startGrpcService({
    service: 'products',
    host: config.BIND_HOST,
    grpcPort: config.PRODUCTS_PORT,
    httpPort: config.PRODUCTS_HTTP_PORT,
    logger,
    reflection: false,
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
});
