import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import pg from 'pg';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { shielded } from '../../platform/rpc/call-scope.ts';
import { type CallLimits, createClient, type GrpcClient } from '../../platform/rpc/client.ts';
import { createGrpcServer, type GrpcServer } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';
import { onlyThese } from '../../testkit/fakes/handlers.ts';

const Thing = defineEntity({ name: 'Thing', tableName: 'things', properties: { id: p.integer().primary() } });

// More than the pool has connections.
const ROUNDS = 20;
// Longer than any deadline of this file.
const SLEEP = "select pg_sleep(60), 'asleep'";

let created: TestDatabase;
let other: pg.Client;
let database: Database;
let server: GrpcServer;
let client: GrpcClient<typeof UsersServiceService>;

/** What the next call does in the service. */
let work: () => Promise<unknown>;
/** How the work of the last call ended, which the caller of a cancelled call does not see. */
let ended: Promise<unknown>;

beforeAll(async () => {
  created = await createDatabase('limits');
  other = new pg.Client({ connectionString: created.url });
  await other.connect();
  await other.query('create table things (id integer primary key)');
  const logger = createLogger('test', 'silent');
  database = await openDatabase({ url: created.url, entities: [Thing], migrations: [], logger });
  server = await createGrpcServer({
    definition: UsersServiceService,
    host: '127.0.0.1',
    port: 0,
    logger,
    metrics: createMetrics('test', '0'),
    handlers: onlyThese(UsersServiceService, {
      validateUser: async ({ userId }) => {
        const running = work();
        ended = running.then(
          () => 'done',
          (error: unknown) => error,
        );
        await running;
        return { userId };
      },
    }),
  });
  client = createClient(UsersServiceService, { target: `127.0.0.1:${server.port}` });
});

afterEach(async () => {
  await other.query('truncate things');
});

afterAll(async () => {
  client.close();
  await server.close();
  await database.close();
  await other.end();
  await created.drop();
});

const call = (limits: CallLimits) => client.calls.validateUser({ userId: 'u' }, limits);

async function asleep(): Promise<number> {
  const { rows } = await other.query(
    `select 1 from pg_stat_activity where datname = current_database() and state = 'active' and query like 'select pg_sleep(60)%'`,
  );
  return rows.length;
}

async function openTransactions(): Promise<number> {
  const { rows } = await other.query(
    `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
  );
  return rows.length;
}

const inTransaction = () =>
  database.transaction(async ({ sql }) => {
    await sql.query('insert into things values (1)');
    await sql.query(SLEEP);
  });
const onItsOwn = () => database.sql.query(SLEEP);
const inSnapshot = () => database.snapshot((sql) => sql.query(SLEEP));
const byUnitOfWork = () => database.transaction(({ em }) => em.execute(SLEEP));

const WAYS = [
  { name: 'a transaction', run: inTransaction },
  { name: 'a statement outside any transaction', run: onItsOwn },
  { name: 'a snapshot', run: inSnapshot },
  { name: "the unit of work's statement", run: byUnitOfWork },
];

test.each(WAYS)('a cancelled call takes $name with it, and what it wrote', async ({ run }) => {
  work = run;
  const controller = new AbortController();
  const cancelled = call({ deadlineMs: 30_000, signal: controller.signal });
  await eventually(asleep, (count) => count === 1);

  controller.abort();

  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await eventually(asleep, (count) => count === 0);
  expect(await ended).not.toBe('done');
  expect(await openTransactions()).toBe(0);
  expect((await other.query('select id from things')).rows).toEqual([]);
});

test.each(WAYS)('a call whose deadline passes takes $name with it', async ({ run }) => {
  work = run;
  await expect(call({ deadlineMs: 300 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await eventually(asleep, (count) => count === 0);
  expect(await ended).not.toBe('done');
  expect(await openTransactions()).toBe(0);
});

test('PostgreSQL itself knows the deadline of a transaction, and ends a running statement of a process that hangs', async () => {
  let leftMs = 0;
  work = () =>
    database.transaction(async ({ sql }) => {
      const [row] = await sql.query<{ limit: string }>(
        `select setting as limit from pg_settings where name = 'statement_timeout'`,
      );
      leftMs = Number(row?.limit);
    });
  await call({ deadlineMs: 20_000 });
  expect(leftMs).toBeGreaterThan(10_000);
  expect(leftMs).toBeLessThanOrEqual(20_000);
  // Of the next transaction on the same connection nothing is limited that does not belong to a call.
  await database.transaction(async ({ sql }) => {
    expect(await sql.query(`select setting from pg_settings where name = 'statement_timeout'`)).toEqual([{ setting: '0' }]);
  });
});

test('a statement that PostgreSQL ends at the deadline is DEADLINE_EXCEEDED', async () => {
  work = () =>
    database.transaction(async ({ sql }) => {
      await sql.query('set local statement_timeout = 50');
      await sql.query(SLEEP);
    });
  await expect(call({ deadlineMs: 30_000 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'deadline_exceeded' });
});

test('calls whose deadline passes while they wait for a connection start nothing, and the pool stays whole', async () => {
  work = inTransaction;
  const calls = Array.from({ length: 3 * ROUNDS }, () => call({ deadlineMs: 500 }));
  for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
  await eventually(asleep, (count) => count === 0);
  work = () => database.sql.query('select 1');
  await Promise.all(Array.from({ length: 3 * ROUNDS }, () => call({ deadlineMs: 30_000 })));
});

test('a call that has ended starts nothing more', async () => {
  const controller = new AbortController();
  let second: unknown;
  work = async () => {
    await database.sql.query(SLEEP).catch(() => {});
    second = await database.sql.query('insert into things values (2)').catch((error: unknown) => error);
  };
  const cancelled = call({ deadlineMs: 30_000, signal: controller.signal });
  await eventually(asleep, (count) => count === 1);
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await ended;
  expect(second).toMatchObject({ code: 'CANCELLED' });
  expect((await other.query('select id from things')).rows).toEqual([]);
});

test('shielded work goes on when its call has ended', async () => {
  const controller = new AbortController();
  work = async () => {
    await database.sql.query(SLEEP).catch(() => {});
    await shielded(() => database.sql.query('insert into things values (3)'));
  };
  const cancelled = call({ deadlineMs: 30_000, signal: controller.signal });
  await eventually(asleep, (count) => count === 1);
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await ended).toBe('done');
  expect((await other.query('select id from things')).rows).toEqual([{ id: 3 }]);
});

test('more cancelled calls than the pool has connections leave it whole, and no cancel hits a later statement', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    work = inTransaction;
    const controller = new AbortController();
    const cancelled = call({ deadlineMs: 30_000, signal: controller.signal });
    await eventually(asleep, (count) => count === 1);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await ended;
    work = () => database.transaction(({ sql }) => sql.query('select pg_sleep(0.005)'));
    await call({ deadlineMs: 30_000 });
  }
});

test('a cancel that comes while statements follow each other quickly ends the call and nothing else', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const controller = new AbortController();
    work = () =>
      database.transaction(async ({ sql }) => {
        for (let at = 0; at < 200; at += 1) await sql.query('select $1::integer', [at]);
      });
    const cancelled = call({ deadlineMs: 30_000, signal: controller.signal });
    setTimeout(() => controller.abort(), round);
    await cancelled.catch((error: unknown) => expect(error).toMatchObject({ code: 'CANCELLED' }));
    await ended;
    expect(await database.sql.query('select 1 as one')).toEqual([{ one: 1 }]);
  }
  expect(await openTransactions()).toBe(0);
});

test('a lock that another transaction keeps is waited for two seconds; then the call is ABORTED with a time to come back', async () => {
  await other.query('insert into things values (4)');
  await other.query('begin');
  await other.query('select id from things where id = 4 for update');
  work = () => database.transaction(({ sql }) => sql.query('update things set id = 5 where id = 4'));
  const startedMs = performance.now();
  await expect(call({ deadlineMs: 30_000 })).rejects.toMatchObject({
    code: 'ABORTED',
    reason: 'unavailable',
    retryDelayMs: 1_000,
  });
  expect(performance.now() - startedMs).toBeGreaterThan(1_900);
  await other.query('rollback');
  await call({ deadlineMs: 30_000 });
});
