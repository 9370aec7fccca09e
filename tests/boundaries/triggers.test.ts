import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitySchema } from '@mikro-orm/postgresql';
import pg from 'pg';
import { migrate as migrateGateway } from '../../gateway/store/migrations.ts';
import { type NamedMigration, openDatabase } from '../../platform/persistence/database.ts';
import { openPool } from '../../platform/persistence/pool.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { type Guards, readGuards } from './support/trigger-problems.ts';

type Store = { readonly ENTITIES: readonly EntitySchema[]; readonly MIGRATIONS: readonly NamedMigration[] };

const logger = createLogger('triggers', 'error');

/** Every service; one that has no store/orm.ts fails to load. */
const SERVICES = readdirSync('services');

async function migrateService(name: string, url: string): Promise<void> {
  const { ENTITIES, MIGRATIONS }: Store = await import(pathToFileURL(`services/${name}/store/orm.ts`).href);
  const database = await openDatabase({ url, entities: ENTITIES, migrations: MIGRATIONS, logger });
  await database.close();
}

async function migrateGatewayAt(url: string): Promise<void> {
  const pool = openPool({ url, max: 1, onError() {} });
  await migrateGateway(pool);
  await pool.close();
}

async function guardsOf(name: string, prepare: (url: string) => Promise<void>): Promise<Guards> {
  const database = await createDatabase(name);
  try {
    await prepare(database.url);
    return await readGuards(database.url);
  } finally {
    await database.drop();
  }
}

test('every service is looked at', () => {
  expect(SERVICES).toEqual(expect.arrayContaining(['users', 'products', 'orders', 'payments', 'notifications']));
});

test.each(SERVICES)('the triggers of %s guard: they have a name that says so, and write nothing', async (name) => {
  const { problems } = await guardsOf(name, (url) => migrateService(name, url));
  expect(problems).toEqual([]);
});

test('the gateway has no trigger that acts either', async () => {
  expect((await guardsOf('gateway', migrateGatewayAt)).problems).toEqual([]);
});

test('the guards are seen at all', async () => {
  const all = await Promise.all(SERVICES.map((name) => guardsOf(name, (url) => migrateService(name, url))));
  expect(all.reduce((sum, { triggers }) => sum + triggers, 0)).toBeGreaterThanOrEqual(8);
});

describe('a trigger that is no guard', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase('acting');
  });
  afterAll(() => database.drop());

  test.each([
    ['has another name', 'things_copied', 'raise exception $$no$$; return null;', /things: trigger things_copied is named/],
    ['inserts', 'things_check', 'insert into others values (new.id); return new;', /writes: insert into/],
    ['updates', 'things_check', 'update others set id = 1; return new;', /writes: update others set/],
    ['deletes', 'things_check', 'delete from others; return new;', /writes: delete from/],
    ['assigns to the row', 'things_check', 'new.id := 7; return new;', /changes the row/],
    ['assigns to the row with =', 'things_check', 'if true then new.id = 7; end if; return new;', /changes the row/],
    ['selects into the row', 'things_check', 'select 7 into new.id; return new;', /changes the row/],
  ])('one that %s is caught', async (_, name, body, problem) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `drop table if exists things, others; create table things (id integer); create table others (id integer);
       create or replace function guard() returns trigger language plpgsql as $body$ begin ${body} end $body$;
       create trigger ${name} before insert on things for each row execute function guard()`,
    );
    await client.end();

    expect((await readGuards(database.url)).problems).toEqual([expect.stringMatching(problem)]);
  });

  test('a guard that compares and refuses is none', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `drop table if exists things; create table things (id integer);
       create or replace function guard() returns trigger language plpgsql as $body$
       begin -- never insert into others
         if new.id = 7 then raise exception 'no'; end if; return new;
       end $body$;
       create trigger things_append_only before update on things for each row execute function guard()`,
    );
    await client.end();

    expect((await readGuards(database.url)).problems).toEqual([]);
  });
});
