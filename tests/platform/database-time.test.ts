import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { CompiledQuery } from 'kysely';
import { pino } from 'pino';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { databaseNow } from '../../platform/persistence/database-time.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';

const Thing = defineEntity({ name: 'Thing', tableName: 'things', properties: { id: p.integer().primary() } });

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createDatabase('database_time');
  database = await openDatabase({ url: own.url, entities: [Thing], migrations: [], logger: pino({ level: 'silent' }) });
  await database.sql.query('create table things (id integer primary key)');
});

afterAll(async () => {
  await database.close();
  await own.drop();
});

test("the time in a transaction is the database's, and passes while the transaction is open", async () => {
  const [first, second, ofServer] = await database.transaction(async ({ em, sql }) => {
    const before = await databaseNow(em);
    await sql.query('select pg_sleep(0.02)');
    const after = await databaseNow(em);
    const [row] = await sql.query<{ now: string }>('select clock_timestamp() as now');
    return [before, after, new Date(row?.now ?? Number.NaN)] as const;
  });
  expect(second.getTime() - first.getTime()).toBeGreaterThanOrEqual(20);
  expect(ofServer.getTime()).toBeGreaterThanOrEqual(second.getTime());
});

test('a Kysely statement in a transaction rolls back with it', async () => {
  const failed = database.transaction(async ({ em }) => {
    await em.getKysely<unknown>().executeQuery(CompiledQuery.raw('insert into things values (1)'));
    throw new Error('the use case fails');
  });
  await expect(failed).rejects.toThrow('the use case fails');
  expect(await database.sql.query('select id from things')).toEqual([]);
});

test('a Kysely statement in a transaction sees what the unit of work has flushed', async () => {
  const seen = await database.transaction(async ({ em }) => {
    em.create(Thing, { id: 2 });
    await em.flush();
    return (await em.getKysely<unknown>().executeQuery(CompiledQuery.raw('select id from things'))).rows;
  });
  expect(seen).toEqual([{ id: 2 }]);
});
