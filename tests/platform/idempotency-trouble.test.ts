/** The record when the database refuses, is full or has another clock than the application. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { once } from '../../platform/idempotency/once.ts';
import { claim, complete, hashRequest, renew, tombstone } from '../../platform/idempotency/record.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { isDatabaseUnavailable } from '../../platform/persistence/unavailable.ts';
import { ReserveInventoryRequest } from '../../proto/gen/shopfast/products/v1/products.ts';
import { eventually } from '../../testkit/eventually.ts';
import { effect, openRecordLab, operation, type RecordLab } from './support/record-lab.ts';

let lab: RecordLab;

beforeAll(async () => {
  lab = await openRecordLab();
  await lab.database.query('create table counters (name text primary key, n integer not null)');
});

afterEach(() => {
  jest.useRealTimers();
});

afterAll(() => lab.close());

test('I27 a field that is absent and one that is sent with its default are the same request', () => {
  const given = { idempotencyKey: 'k', orderId: 'o', lines: [{ productId: 'p', quantity: 0 }], pricesAsOf: undefined };
  const absent = ReserveInventoryRequest.encode(given).finish();
  // Field 2 of a line, a varint, explicitly 0: what other encoders may send. The length of the line grows by two.
  const at = absent.length - 3;
  const explicit = Buffer.concat([absent.subarray(0, at - 1), Buffer.from([5]), absent.subarray(at), Buffer.from([0x10, 0])]);
  const asServed = (wire: Uint8Array) =>
    hashRequest(ReserveInventoryRequest.encode(ReserveInventoryRequest.decode(wire)).finish());

  expect(explicit).toHaveLength(absent.length + 2);
  expect(ReserveInventoryRequest.decode(explicit)).toEqual(ReserveInventoryRequest.decode(absent));
  expect(asServed(explicit)).toEqual(asServed(absent));
});

test('I30 a thousand calls of a hundred keys in any order: each key has one effect', async () => {
  const keys = Array.from({ length: 100 }, () => randomUUID());
  const calls = keys.flatMap((key) => Array.from({ length: 10 }, (_, n) => ({ key, n })));
  const shuffled = calls.map((call) => ({ call, place: Math.random() })).toSorted((a, b) => a.place - b.place);
  const pools = [lab.database, lab.open()];
  const answers: { key: string; response: string }[] = [];
  const queue = shuffled.entries();
  // As many as there are connections: who waits for one too long is unavailable, which is another case (I32).
  await Promise.all(
    Array.from({ length: 40 }, async (_, worker) => {
      for (const [, { call }] of queue) {
        const { key, n } = call;
        const { response } = await once(pools[worker % 2] ?? lab.database, operation(key), effect(key, `answer ${n}`));
        answers.push({ key, response });
      }
    }),
  );
  expect(answers).toHaveLength(1_000);
  for (const key of keys) {
    const [done, ...more] = await lab.effects(key);
    expect(more).toEqual([]);
    expect(new Set(answers.filter((answer) => answer.key === key).map(({ response }) => response))).toEqual(new Set([done]));
  }
});

/** Takes two rows one after the other, so that two of these in opposite order want each other's. */
function deadlocking(key: string, names: readonly [string, string], bothHaveOne: () => Promise<void>) {
  return async ({ sql }: { readonly sql: Sql }): Promise<string> => {
    await sql.query('update counters set n = n + 1 where name = $1', [names[0]]);
    await bothHaveOne();
    await sql.query('update counters set n = n + 1 where name = $1', [names[1]]);
    return effect(key)({ sql });
  };
}

test('I31 a deadlock is tried again inside: both calls succeed, each has one effect, and nothing of it is stored', async () => {
  await lab.database.query(`insert into counters values ('a', 0), ('b', 0)`);
  const keys = [randomUUID(), randomUUID()] as const;
  let waiting = 0;
  const met = Promise.withResolvers<void>();
  const meet = async (): Promise<void> => {
    waiting += 1;
    if (waiting === 2) met.resolve();
    await met.promise;
  };
  await Promise.all([
    once(lab.database, operation(keys[0]), deadlocking(keys[0], ['a', 'b'], meet)),
    once(lab.database, operation(keys[1]), deadlocking(keys[1], ['b', 'a'], meet)),
  ]);
  // Three: the one that PostgreSQL aborted came again.
  expect(waiting).toBe(3);
  expect(await lab.database.query('select n from counters order by name')).toEqual([{ n: 2 }, { n: 2 }]);
  for (const key of keys) expect(await lab.effects(key)).toEqual(['done']);
});

test('I31 a conflict that never ends is a fault under which nothing is stored: the key works when it is over', async () => {
  const key = randomUUID();
  let tries = 0;
  const conflicting = async ({ sql }: { readonly sql: Sql }): Promise<string> => {
    tries += 1;
    await effect(key)({ sql });
    await sql.query(`do $$ begin raise exception 'conflict' using errcode = 'serialization_failure'; end $$`);
    return 'never';
  };
  await expect(once(lab.database, operation(key), conflicting)).rejects.toMatchObject({ code: '40001' });
  expect(tries).toBe(5);
  expect(await lab.database.query('select from idempotency where key = $1', [key])).toEqual([]);
  expect(await once(lab.database, operation(key), effect(key))).toEqual({ response: 'done', replayed: false });
});

test('I32 without a free connection a repeated call is unavailable, and no second execution', async () => {
  const narrow = lab.open(1);
  const key = randomUUID();
  const go = Promise.withResolvers<void>();
  let executions = 0;
  const slow = async ({ sql }: { readonly sql: Sql }): Promise<string> => {
    executions += 1;
    const answer = await effect(key)({ sql });
    await go.promise;
    return answer;
  };
  const first = once(narrow, operation(key), slow);
  await eventually(
    async () => executions,
    (n) => n === 1,
  );
  const refused: unknown = await once(narrow, operation(key), slow).catch((error: unknown) => error);
  expect(isDatabaseUnavailable(refused)).toBe(true);
  go.resolve();
  expect(await first).toEqual({ response: 'done', replayed: false });
  expect(await once(narrow, operation(key), slow)).toEqual({ response: 'done', replayed: true });
  expect([executions, await lab.effects(key)]).toEqual([1, ['done']]);
});

const HOUR_MS = 3_600_000;

test.each([-HOUR_MS, HOUR_MS])(
  'I58 with an application clock that is %i ms off, a lease is neither taken early nor kept',
  async (offMs) => {
    jest.useFakeTimers({
      now: Date.now() + offMs,
      doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'performance'],
    });
    const key = randomUUID();
    const { response: _, ...claimed } = operation(key);
    const lease = (owner: string) => ({ owner, durationMs: 60_000 });
    const [first, second] = [randomUUID(), randomUUID()];

    await claim(lab.database, { ...claimed, lease: lease(first) });
    await expect(claim(lab.database, { ...claimed, lease: lease(second) })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(tombstone(lab.database, key, 'Operate')).rejects.toMatchObject({ code: 'ABORTED' });
    await renew(lab.database, key, lease(first));
    const [left] = await lab.database.query<{ seconds: number }>(
      'select extract(epoch from locked_until - now())::float8 as seconds from idempotency where key = $1',
      [key],
    );
    expect(left?.seconds).toBeGreaterThan(50);
    expect(left?.seconds).toBeLessThanOrEqual(60);

    await lab.database.query(`update idempotency set locked_until = now() - interval '1 millisecond' where key = $1`, [key]);
    expect(await claim(lab.database, { ...claimed, lease: lease(second) })).toMatchObject({ state: 'mine', attempt: 2 });
    await expect(complete(lab.database, key, Buffer.from('late'), first)).rejects.toMatchObject({ code: 'ABORTED' });
  },
);
