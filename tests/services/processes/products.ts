/** The products service as a process that meets its fate at a moment of a call or of a sweep. */
import { loadConfig } from '../../../platform/config/load.ts';
import { run } from '../../../platform/lifecycle/run.ts';
import { type Database, openDatabase, type Transaction } from '../../../platform/persistence/database.ts';
import { createLogger } from '../../../platform/telemetry/logs.ts';
import { productsConfig } from '../../../services/products/config.ts';
import type { Stock } from '../../../services/products/domain/stock.ts';
import { serveProducts } from '../../../services/products/server.ts';
import { ENTITIES, MIGRATIONS } from '../../../services/products/store/orm.ts';
import { stock } from '../../../services/products/store/stock.ts';
import { type Fate, meet, ownFate } from './fate.ts';

/** The moments of a call that are after a statement of its idempotency record. */
const MOMENTS: Readonly<Record<string, string>> = {
  'after the claim': 'insert into idempotency',
  'after the answer is stored': 'update idempotency set state',
};

function fated(database: Database, fate: Fate): { readonly database: Database; readonly stock: Stock } {
  const at = async (moment: string) => {
    if (fate.at === moment) await meet(fate);
  };
  let moved: 'hold' | 'release' | undefined;

  async function transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    moved = undefined;
    const result = await database.transaction(({ em, sql }) =>
      work({
        em,
        sql: {
          async query<Row extends object>(text: string, values?: readonly unknown[]) {
            const rows = await sql.query<Row>(text, values);
            for (const [moment, statement] of Object.entries(MOMENTS)) if (text.includes(statement)) await at(moment);
            return rows;
          },
        },
      }),
    );
    if (moved === 'release') await at('after the commit');
    if (moved === 'hold') await at('after the reserve');
    return result;
  }

  return {
    database: { ...database, transaction },
    stock: {
      ...stock,
      async hold(em, order) {
        await at('before the reserve');
        const hold = await stock.hold(em, order);
        moved = 'hold';
        return hold;
      },
      async giveBack(em, orderIds, kind) {
        if (kind === 'expire') await at('holds have ended');
        await stock.giveBack(em, orderIds, kind);
        if (kind === 'release') {
          moved = 'release';
          await at('after the effect');
        } else await at('their stock is given back');
      },
    },
  };
}

await run('products', async () => {
  const config = loadConfig(productsConfig);
  const logger = createLogger('products', config.LOG_LEVEL);
  const url = config.PRODUCTS_DATABASE_URL;
  const database = await openDatabase({ url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  const fate = ownFate();
  return serveProducts(config, { logger, ...(fate ? fated(database, fate) : { database, stock }) });
});
