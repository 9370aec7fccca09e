import { CompiledQuery, type Kysely, type Transaction as KyselyTransaction } from 'kysely';
import type pg from 'pg';

/** One connection's worth of SQL: values are bound ($1, $2 …), never written into the text. */
export type Sql = {
  /** The rows, with the column names of the query. The caller states their type; the query is its proof. */
  readonly query: <Row extends object = Record<string, never>>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
};

type Queryable = Pick<Kysely<unknown> | KyselyTransaction<unknown>, 'executeQuery'>;

/** SQL through MikroORM's connection, inside its transaction. */
export function sqlOver(connection: Queryable): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      const result = await connection.executeQuery<Row>(CompiledQuery.raw(text, [...values]));
      return result.rows;
    },
  };
}

/** SQL on a plain pool or client, for processes that have no entities. */
export function sqlOn(connection: Pick<pg.Pool, 'query'>): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      const result = await connection.query<Row>(text, [...values]);
      return result.rows;
    },
  };
}
