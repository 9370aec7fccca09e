import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';

/**
 * The database's clock, for every decision that compares times: instances of a service have clocks of their own. Reads the time of
 * the statement, not that of the transaction's start: call it after taking the lock that the decision is made under.
 */
export async function databaseNow(em: EntityManager): Promise<Date> {
  const { rows } = await em
    .getKysely<unknown>()
    .executeQuery<{ now: string | Date }>(CompiledQuery.raw('select clock_timestamp() as now'));
  const [row] = rows;
  if (!row) throw new Error('PostgreSQL answered without the time');
  return new Date(row.now);
}
