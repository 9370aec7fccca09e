import { CompiledQuery, type Kysely, type Transaction as KyselyTransaction } from 'kysely';
import type pg from 'pg';

/** Plain SQL. Values are bound ($1, $2 …), never written into the text. */
export type Sql = {
  /** The rows, with the column names of the query. The caller states their type, which nothing checks. */
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

/** SQL on one plain connection, inside its transaction. */
export function sqlOn(connection: Pick<pg.ClientBase, 'query'>): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      const result = await connection.query<Row>(text, [...values]);
      return result.rows;
    },
  };
}

/** Each statement on whichever connection is free, in a transaction of its own. */
export function sqlOnAny(pool: Pick<pg.Pool, 'connect'>): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      // Not pool.query: it runs the statement in the context of whichever request returned the connection.
      const client = await pool.connect();
      try {
        return await sqlOn(client).query<Row>(text, values);
      } finally {
        client.release();
      }
    },
  };
}
