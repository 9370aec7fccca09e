import type { Migration } from '@mikro-orm/migrations';
import { Migrator } from '@mikro-orm/migrations';
import { type Constructor, type EntityManager, type EntitySchema, MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import type { Logger } from '../telemetry/logs.ts';
import { HEALTH_CHECK, PreparingClient } from './client.ts';
import { retryConflicts } from './retry.ts';
import { type Sql, sqlOn, sqlOver } from './sql.ts';

/**
 * One open transaction: entities, Kysely and plain SQL on the same connection. `em.getKysely<Schema>()` is bound to the transaction,
 * also in a statement file that only receives `em`: what it writes commits and rolls back with the unit of work. It does not see
 * changes of entities that were not flushed: call `em.flush()` before a statement that reads what entities have changed. Never fork
 * `em` in a transaction, because a fork leaves it.
 */
export type Transaction = { readonly em: EntityManager; readonly sql: Sql };

export type Database = Awaited<ReturnType<typeof openDatabase>>;

/** Migrations in the order in which they apply; the name is what the database remembers. */
export type NamedMigration = { readonly name: string; readonly class: Constructor<Migration> };

// Connections of one process. Several instances of every service share one server of about 200.
const POOL_MAX = 15;
// Milliseconds to get a connection; past it the call fails and is retried by its caller rather than queueing for ever.
const ACQUIRE_LIMIT_MS = 5_000;
// The advisory lock that lets one instance at a time migrate; any constant does, each service has its own database.
const MIGRATION_LOCK = 7_230_901;

/**
 * Connects to a service's own database and brings its schema up to date; several instances may start at once. Throws
 * when the database cannot be reached.
 */
export async function openDatabase(options: {
  readonly url: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly NamedMigration[];
  readonly logger: Logger;
}) {
  const orm = await MikroORM.init({
    clientUrl: options.url,
    entities: [...options.entities],
    extensions: [Migrator],
    migrations: { migrationsList: [...options.migrations], snapshot: false, tableName: 'schema_migrations', silent: true },
    pool: { min: 1, max: POOL_MAX, idleTimeoutMillis: 30_000 },
    driverOptions: { connectionTimeoutMillis: ACQUIRE_LIMIT_MS, Client: PreparingClient },
    forceUtcTimezone: true,
    ensureDatabase: false,
    logger: (message) => options.logger.debug({ detail: message }, 'Database'),
  });
  await migrate(orm);
  return {
    orm,
    /** Each statement on whichever connection is free, in a transaction of its own. */
    sql: sqlOn(await orm.em.getConnection().getNativeClient()),
    /** Commits when `work` resolves; a conflict with another transaction runs it again from the start. */
    transaction: <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
      retryConflicts(() => inTransaction(orm, work)),
    /** Every read of `work` sees one instant; a write fails. */
    snapshot: <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
      orm.em
        .getKysely<unknown>()
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute((connection) => work(sqlOver(connection))),
    /** A fresh unit of work outside any transaction, for reads. */
    read: (): Pick<Transaction, 'em'> => ({ em: orm.em.fork() }),
    check: () => orm.em.getKysely<unknown>().executeQuery(CompiledQuery.raw(HEALTH_CHECK)),
    close: () => orm.close(true),
  };
}

/**
 * The transaction is opened here and lent to the entity manager: one that MikroORM opens keeps its connection for ever when
 * `begin` or `rollback` finds it broken, and a pool that loses its connections one by one stands still in the end.
 */
function inTransaction<T>(orm: MikroORM, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return orm.em
    .getKysely<unknown>()
    .transaction()
    .execute(async (connection) => {
      const em = orm.em.fork();
      em.setTransactionContext(connection);
      const result = await work({ em, sql: sqlOver(connection) });
      await em.flush();
      return result;
    });
}

async function migrate(orm: MikroORM): Promise<void> {
  const pool = await orm.em.getConnection().getNativeClient();
  const holder = await pool.connect();
  try {
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await orm.migrator.up();
  } finally {
    // Closing the connection gives the lock back, whatever happened.
    holder.release(true);
  }
}
