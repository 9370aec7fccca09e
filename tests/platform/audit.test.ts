import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import pg from 'pg';
import { pino } from 'pino';
import { evaluate } from '../../platform/audit/evaluate.ts';
import { decodePosition, encodePosition } from '../../platform/audit/position.ts';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';

const Thing = defineEntity({
  name: 'Thing',
  tableName: 'things',
  properties: { id: p.integer().primary(), broken: p.boolean() },
});

let own: TestDatabase;
let database: Database;
let other: pg.Client;

beforeAll(async () => {
  own = await createDatabase('audit');
  other = new pg.Client({ connectionString: own.url });
  await other.connect();
  await other.query('create table things (id integer, broken boolean)');
  database = await openDatabase({ url: own.url, entities: [Thing], migrations: [], logger: pino({ level: 'silent' }) });
});

afterAll(async () => {
  await other.end();
  await database.close();
  await own.drop();
});

test('every rule sees the same instant, whatever is committed between them', async () => {
  await other.query('insert into things values (1, false)');
  const rule = { name: 'whole', rows: 'select id::text, broken as wrong from things' };
  const disturbed: Pick<Database, 'snapshot'> = {
    snapshot: (work) =>
      database.snapshot((sql) =>
        work({
          async query(text, values) {
            const rows = await sql.query<never>(text, values);
            await other.query('insert into things values (2, true)');
            return rows;
          },
        }),
      ),
  };
  const sound = { rule: 'whole', checked: 1, violations: 0, examples: [] };
  expect(await evaluate(disturbed, [rule, rule])).toEqual([sound, sound]);
  expect(await evaluate(database, [rule])).toEqual([{ rule: 'whole', checked: 3, violations: 2, examples: ['2', '2'] }]);
});

test('nothing is written in a snapshot', async () => {
  const written = database.snapshot((sql) => sql.query('insert into things values (3, false)'));
  await expect(written).rejects.toMatchObject({ code: '25006' });
});

test('a rule whose condition is null finds nothing, and an empty table has nothing to check', async () => {
  const rules = [
    { name: 'unknown', rows: 'select id::text, null::boolean as wrong from things' },
    { name: 'empty', rows: 'select id::text, broken as wrong from things where false' },
  ];
  expect(await evaluate(database, rules)).toMatchObject([{ violations: 0 }, { checked: 0, violations: 0, examples: [] }]);
});

test('a position survives its cursor, and no other text is one', () => {
  const position = { atMicros: '1763712000123456', sequence: '9007199254740993' };
  const cursor = encodePosition(position);
  expect(decodePosition(cursor, 'page.cursor')).toEqual(position);
  const altered = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
  for (const text of ['', 'x', altered, `${cursor}A`, `${cursor}=`, ` ${cursor}`, cursor.slice(1)]) {
    expect(() => decodePosition(text, 'page.cursor')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', violations: [expect.objectContaining({ field: 'page.cursor' })] }),
    );
  }
});
