import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from '../../platform/idempotency/once.ts';
import { abandon, claim, complete, hashRequest, tombstone } from '../../platform/idempotency/record.ts';
import { IDEMPOTENCY_TABLE } from '../../platform/idempotency/schema.ts';
import { openPool, type SqlPool } from '../../platform/persistence/pool.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { createDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';

const text = {
  encode: (message: string) => ({ finish: () => Buffer.from(message) }),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

let database: SqlPool;
let drop: () => Promise<void>;

beforeAll(async () => {
  const created = await createDatabase('idempotency');
  drop = created.drop;
  database = openPool({ url: created.url, max: 20, onError: () => undefined });
  await database.query(IDEMPOTENCY_TABLE);
  await database.query('create table effects (key text not null)');
});

afterAll(async () => {
  await database.close();
  await drop();
});

function call(key: string, request = 'request', operation = 'Operate') {
  return { operation, key, requestHash: hashRequest(Buffer.from(request)), response: text };
}

function effectOf(key: string, answer = 'done') {
  return async ({ sql }: { sql: SqlPool | Parameters<typeof claim>[0] }) => {
    await sql.query('insert into effects values ($1)', [key]);
    return answer;
  };
}

async function effects(key: string): Promise<number> {
  return (await database.query('select key from effects where key = $1', [key])).length;
}

test('I10 I11 a repeated call gets the first answer and has no second effect', async () => {
  const key = randomUUID();

  const first = await once(database, call(key), effectOf(key, 'first'));
  const second = await once(database, call(key), effectOf(key, 'second'));

  expect([first, second]).toEqual([
    { response: 'first', replayed: false },
    { response: 'first', replayed: true },
  ]);
  expect(await effects(key)).toBe(1);
});

test('I29 a hundred calls at once with one key have one effect and one answer', async () => {
  const key = randomUUID();

  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => once(database, call(key), effectOf(key, `answer ${n}`))),
  );

  expect(new Set(answers.map(({ response }) => response)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await effects(key)).toBe(1);
});

test('I12 a refusal is stored: the same call is refused in the same words, and nothing of it happened', async () => {
  const key = randomUUID();
  const refusing = async (transaction: { sql: Parameters<typeof claim>[0] }) => {
    await effectOf(key)(transaction);
    throw new StatusError({
      code: 'FAILED_PRECONDITION',
      reason: 'insufficient_stock',
      message: 'Too few',
      facts: { left: '2' },
    });
  };

  const refused = { code: 'FAILED_PRECONDITION', reason: 'insufficient_stock', message: 'Too few', facts: { left: '2' } };
  await expect(once(database, call(key), refusing)).rejects.toMatchObject(refused);
  await expect(once(database, call(key), effectOf(key))).rejects.toMatchObject(refused);
  expect(await effects(key)).toBe(0);
});

test('a fault stores nothing: the next attempt starts afresh', async () => {
  const key = randomUUID();
  const failing = async (transaction: { sql: Parameters<typeof claim>[0] }) => {
    await effectOf(key)(transaction);
    throw new Error('socket closed');
  };

  await expect(once(database, call(key), failing)).rejects.toThrow('socket closed');
  expect(await once(database, call(key), effectOf(key))).toEqual({ response: 'done', replayed: false });
  expect(await effects(key)).toBe(1);
});

test('I19 the same key with another request is refused', async () => {
  const key = randomUUID();
  await once(database, call(key), effectOf(key));

  await expect(once(database, call(key, 'another'), effectOf(key))).rejects.toMatchObject({ reason: 'idempotency_key_reused' });
});

test('I08 the same key on another operation is refused', async () => {
  const key = randomUUID();
  await once(database, call(key), effectOf(key));

  await expect(once(database, call(key, 'request', 'Other'), effectOf(key))).rejects.toMatchObject({
    reason: 'idempotency_key_reused',
  });
});

test('I49 a call that arrives after its tombstone is refused and has no effect', async () => {
  const key = randomUUID();
  await database.transaction(({ sql }) => tombstone(sql, key, 'Operate'));

  await expect(once(database, call(key), effectOf(key))).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  });
  expect(await effects(key)).toBe(0);
});

test('I54 a completed call that was undone stays undone when it is repeated', async () => {
  const key = randomUUID();
  await once(database, call(key), effectOf(key));
  await database.transaction(({ sql }) => tombstone(sql, key, 'Operate'));

  await expect(once(database, call(key), effectOf(key))).rejects.toMatchObject({ reason: 'order_cancelled' });
});

test('a tombstone waits for a call that is at work in its transaction, and then undoes it', async () => {
  const key = randomUUID();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const working = once(database, call(key), async (transaction) => {
    await effectOf(key)(transaction);
    await held;
    return 'done';
  });
  await eventually(
    () => database.query<{ n: number }>(`select count(*)::int as n from pg_locks where relation = 'idempotency'::regclass`),
    ([row]) => (row?.n ?? 0) > 0,
  );
  const undoing = database.transaction(({ sql }) => tombstone(sql, key, 'Operate'));
  release();

  await Promise.all([working, undoing]);
  await expect(once(database, call(key), effectOf(key))).rejects.toMatchObject({ reason: 'order_cancelled' });
});

const lease = (owner: string, durationMs = 60_000) => ({ owner, durationMs });

test('while an owner holds the lease, another is told to come back and a tombstone must wait', async () => {
  const key = randomUUID();
  const { response: _, ...claimed } = call(key);
  await claim(database, { ...claimed, lease: lease(randomUUID()) });

  await expect(claim(database, { ...claimed, lease: lease(randomUUID()) })).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(tombstone(database, key, 'Operate')).rejects.toMatchObject({ code: 'ABORTED' });
});

test('I39 I40 a dead owner is taken over, and what it says afterwards counts for nothing', async () => {
  const key = randomUUID();
  const [dead, alive] = [randomUUID(), randomUUID()];
  const { response: _, ...claimed } = call(key);
  await claim(database, { ...claimed, lease: lease(dead) });
  await abandon(database, key, dead);

  expect(await claim(database, { ...claimed, lease: lease(alive) })).toMatchObject({ state: 'mine', attempt: 2 });
  await expect(complete(database, key, Buffer.from('late'), dead)).rejects.toMatchObject({ code: 'ABORTED' });
  await complete(database, key, Buffer.from('in time'), alive);
  expect(await claim(database, claimed)).toEqual({ state: 'completed', response: Buffer.from('in time') });
});

test('I41 of fifty that take over at once, one owns', async () => {
  const key = randomUUID();
  const dead = randomUUID();
  const { response: _, ...claimed } = call(key);
  await claim(database, { ...claimed, lease: lease(dead) });
  await abandon(database, key, dead);

  const taken = await Promise.allSettled(
    Array.from({ length: 50 }, () => claim(database, { ...claimed, lease: lease(randomUUID()) })),
  );
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
