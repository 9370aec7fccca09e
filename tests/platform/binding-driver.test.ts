import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defineEntity, p, raw } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';

const Thing = defineEntity({
  name: 'Thing',
  tableName: 'things',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    size: p.bigint('number').nullable(),
    tags: p.array(),
    facts: p.json<unknown>(),
    bytes: p.blob(),
    isNew: p.boolean(),
    at: p.datetime(3),
  },
});

class Initial extends Migration {
  override up(): void {
    this.addSql(`create table things (id integer primary key, name text not null, size bigint, tags text[] not null,
      facts jsonb not null, bytes bytea not null, is_new boolean not null, at timestamptz(3) not null)`);
  }
}

const AT = new Date('2026-03-29T01:30:00.123Z');
const thing = (id: number, given: object = {}) => ({
  id,
  name: `O'Neil\\? ${id} ?? $1`,
  size: null,
  tags: ['a,b', '"c"', '?'],
  facts: { list: [1, '?'], text: "it's" },
  bytes: Buffer.from([0, 63, 255]),
  isNew: true,
  at: AT,
  ...given,
});

let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await createDatabase('binding');
  database = await openDatabase({
    url: server.url,
    entities: [Thing],
    migrations: [{ name: '001_initial', class: Initial }],
    logger: createLogger('test', 'fatal'),
  });
  await database.transaction(async ({ em }) => {
    em.create(Thing, thing(1));
    em.create(Thing, thing(2, { size: 9_007_199_254_740_991, facts: ['a', { b: null }] }));
  });
});

afterAll(async () => {
  await database.close();
  await server.drop();
});

test('values of every kind come back as they were written', async () => {
  const found = await database.read().em.find(Thing, { id: { $in: [1, 2] } }, { orderBy: { id: 'asc' } });
  expect(found).toMatchObject([thing(1), thing(2, { size: 9_007_199_254_740_991, facts: ['a', { b: null }] })]);
});

test('a batched update changes each row to its own values', async () => {
  await database.transaction(async ({ em }) => {
    for (const found of await em.find(Thing, {})) Object.assign(found, { name: `name ${found.id}`, size: found.id * 10 });
  });
  const found = await database.read().em.find(Thing, {}, { orderBy: { id: 'asc' } });
  expect(found).toMatchObject([
    { name: 'name 1', size: 10 },
    { name: 'name 2', size: 20 },
  ]);
});

test('a raw condition binds its values', async () => {
  const { em } = database.read();
  expect(await em.count(Thing, { [raw('("id" + ? > ?)', [1, 2])]: true, at: AT })).toBe(1);
});

test('statements that differ in their values alone are prepared once', async () => {
  const prepared = await database.transaction(async ({ em, sql }) => {
    for (const id of [1, 2, 3]) await em.findOne(Thing, { name: `name ${id}` });
    return sql.query<{ statement: string }>('select statement from pg_prepared_statements where statement like $1', [
      'select%"things"%"name" = %',
    ]);
  });
  expect(prepared).toMatchObject([{ statement: expect.stringContaining('"name" = $1') }]);
});
