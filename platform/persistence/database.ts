import type { Migration } from '@mikro-orm/migrations';
import { Migrator } from '@mikro-orm/migrations';
import { type Constructor, type EntityManager, type EntitySchema, MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import pg from 'pg';
import type { Logger } from '../telemetry/logs.ts';
import { BindingDriver } from './binding-driver.ts';
import { HEALTH_CHECK, PreparingClient } from './client.ts';
import { retryConflicts } from './retry.ts';
import { type Sql, sqlOnAny, sqlOver } from './sql.ts';

/**
 * One open transaction: entities, Kysely and plain SQL on the same connection. `em.getKysely<Schema>()` is bound to the transaction,
 * also in a statement file that only receives `em`: what it writes commits and rolls back with the unit of work. It does not see
 * changes of entities that were not flushed: call `em.flush()` before a statement that reads what entities have changed. Never fork
 * `em` in a transaction, because a fork leaves it.
 */
export type Transaction = { readonly em: EntityManager; readonly sql: Sql };

export type Database = Awaited<ReturnType<typeof openDatabase>>;

/** Migrations in the order in which they apply. The database records their names. */
export type NamedMigration = { readonly name: string; readonly class: Constructor<Migration> };

// Connections of one process. Several instances of every service share one server of about 200.
const POOL_MAX = 15;
// Milliseconds to get a connection; then the call fails and its caller retries it.
const ACQUIRE_LIMIT_MS = 5_000;
// Milliseconds that a statement waits for a lock. Transactions take milliseconds, so a lock held longer belongs to one that hangs;
// waiting until the deadline would take every connection of the pool from calls that need no such lock.
const LOCK_LIMIT_MS = 2_000;
// The advisory lock that lets one instance at a time migrate; any constant does, each service has its own database.
const MIGRATION_LOCK = 7_230_901;

/**
 * Connects to a service's own database and brings its schema up to date; several instances may start at the same time. Throws
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
    driver: BindingDriver,
    entities: [...options.entities],
    extensions: [Migrator],
    migrations: { migrationsList: [...options.migrations], snapshot: false, tableName: 'schema_migrations', silent: true },
    pool: { min: 1, max: POOL_MAX, idleTimeoutMillis: 30_000 },
    driverOptions: { connectionTimeoutMillis: ACQUIRE_LIMIT_MS, lock_timeout: LOCK_LIMIT_MS, Client: PreparingClient },
    forceUtcTimezone: true,
    ensureDatabase: false,
    logger: (message) => options.logger.debug({ detail: message }, 'Database'),
  });
  await migrate(orm, options.url);
  return {
    orm,
    /** Each statement on whichever connection is free, in a transaction of its own. */
    sql: sqlOnAny(await orm.em.getConnection().getNativeClient()),
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
 * Opens the transaction here and lends it to the entity manager. A transaction that MikroORM opens never releases its connection when
 * `begin` or `rollback` fails, and a pool that leaks connections is empty in the end.
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

async function migrate(orm: MikroORM, url: string): Promise<void> {
  // Not from the pool, whose connections wait for a lock for a limited time: another instance may migrate for minutes.
  const holder = new pg.Client({ connectionString: url, connectionTimeoutMillis: ACQUIRE_LIMIT_MS });
  holder.on('error', () => {});
  await holder.connect();
  try {
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await orm.migrator.up();
  } finally {
    // Closing the connection releases the lock, whatever happened.
    await holder.end();
  }
}
