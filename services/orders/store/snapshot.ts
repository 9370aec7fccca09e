import type { Database } from '../../../platform/persistence/database.ts';
import type { Snapshot } from '../domain/work.ts';

/** The transaction is lent to the entity manager, for the reason that platform/persistence/database.ts gives. */
export function createSnapshot({ orm }: Pick<Database, 'orm'>): Snapshot {
  return (read) =>
    orm.em
      .getKysely<unknown>()
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((connection) => {
        const em = orm.em.fork();
        em.setTransactionContext(connection);
        return read({ em });
      });
}
