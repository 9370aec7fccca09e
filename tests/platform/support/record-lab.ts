import type { Codec, Operation } from '../../../platform/idempotency/once.ts';
import { hashRequest } from '../../../platform/idempotency/record.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency/schema.ts';
import { openPool, type SqlPool } from '../../../platform/persistence/pool.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import { createDatabase } from '../../../testkit/database.ts';

export type RecordLab = Awaited<ReturnType<typeof openRecordLab>>;

const text: Codec<string> = {
  encode: (message) => ({ finish: () => Buffer.from(message) }),
  decode: (bytes) => Buffer.from(bytes).toString(),
};

/** The idempotency record in a database of its own, on the tests' server or another, and operations whose effect is a row that can be counted. */
export async function openRecordLab(on?: string) {
  const created = await createDatabase('idempotency', on);
  const pools = new Set<SqlPool>();
  /** Another process's way to the same database. */
  function open(max = 20): SqlPool {
    const pool = openPool({ url: created.url, max, onError: () => undefined });
    pools.add(pool);
    return pool;
  }
  const database = open();
  await database.query(IDEMPOTENCY_TABLE);
  await database.query('create table effects (key text not null, answer text not null)');
  return {
    database,
    open,
    /** Closes one and opens another, as a process that starts again does. */
    async reopen(pool: SqlPool, max: number): Promise<SqlPool> {
      pools.delete(pool);
      await pool.close();
      return open(max);
    },
    /** What was done under the key. */
    async effects(key: string): Promise<string[]> {
      const rows = await database.query<{ answer: string }>('select answer from effects where key = $1', [key]);
      return rows.map(({ answer }) => answer);
    },
    async close() {
      for (const pool of pools) await pool.close();
      await created.drop();
    },
  };
}

export function operation(key: string, request = 'request'): Operation<string> {
  return { operation: 'Operate', key, requestHash: hashRequest(Buffer.from(request)), response: text };
}

export function effect(key: string, answer = 'done') {
  return async ({ sql }: { readonly sql: Sql }): Promise<string> => {
    await sql.query('insert into effects values ($1, $2)', [key, answer]);
    return answer;
  };
}
