import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type AtOnce, onceAtOnce } from '../../platform/idempotency/at-once.ts';
import { tombstone } from '../../platform/idempotency/record.ts';
import { eventually } from '../../testkit/eventually.ts';
import { effect, openRecordLab, operation, type RecordLab } from './support/record-lab.ts';

let lab: RecordLab;

beforeAll(async () => {
  lab = await openRecordLab();
  await lab.database.query('create table switches (name text primary key, is_on boolean not null)');
});
afterAll(() => lab.close());
afterEach(() => lab.database.query('truncate switches'));

/** Takes effect while the switch named like the key is on; what decides otherwise leaves the words `step by step`. */
function usual(key: string): AtOnce {
  return {
    fit: 'fit as (select name from switches where name = $5 and is_on)',
    answer: `convert_to('at ' || 'once', 'UTF8')`,
    effect: `locked as materialized (
       select switches.name from claimed join switches on name = claimed.key where is_on for update of switches
     ), done as (insert into effects select name, 'at once' from locked returning key)`,
    values: [key],
  };
}

function call(key: string, given: { request?: string; atOnce?: AtOnce } = {}) {
  const database = { ...lab.database, sql: lab.database };
  return onceAtOnce(database, operation(key, given.request), given.atOnce ?? usual(key), effect(key, 'step by step'));
}

async function switched(key: string, isOn: boolean): Promise<void> {
  await lab.database.query(
    'insert into switches values ($1, $2::boolean) on conflict (name) do update set is_on = excluded.is_on',
    [key, isOn],
  );
}

test('the usual case has its effect and its stored answer, and a repeated call gets that answer', async () => {
  const key = randomUUID();
  await switched(key, true);

  expect(await call(key)).toEqual({ response: 'at once', replayed: false });
  expect(await call(key)).toEqual({ response: 'at once', replayed: true });
  expect(await lab.effects(key)).toEqual(['at once']);
});

test('an effect that is not legal by what is seen is decided step by step', async () => {
  const key = randomUUID();
  await switched(key, false);

  expect(await call(key)).toEqual({ response: 'step by step', replayed: false });
  expect(await lab.effects(key)).toEqual(['step by step']);
});

test('an effect that is overtaken between look and lock takes its claim back', async () => {
  const key = randomUUID();
  await switched(key, true);

  const overtaken = await lab.database.transaction(async ({ sql }) => {
    await sql.query('update switches set is_on = false where name = $1', [key]);
    const late = call(key);
    await eventually(
      () => lab.database.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`),
      (waiting) => waiting.length > 0,
      10_000,
    );
    return { late };
  });

  expect(await overtaken.late).toEqual({ response: 'step by step', replayed: false });
  expect(await lab.effects(key)).toEqual(['step by step']);
});

test('an effect that breaks a constraint changes nothing and is decided step by step', async () => {
  const key = randomUUID();
  await switched(key, true);
  const broken = { ...usual(key), effect: 'done as (insert into effects select key, null from claimed returning key)' };

  expect(await call(key, { atOnce: broken })).toEqual({ response: 'step by step', replayed: false });
  expect(await lab.effects(key)).toEqual(['step by step']);
});

test('a mistake in the statement is a fault and nothing is done step by step', async () => {
  const key = randomUUID();
  const mistaken = { ...usual(key), fit: 'fit as (select nothing from switches where name = $5)' };

  await expect(call(key, { atOnce: mistaken })).rejects.toMatchObject({ code: '42703' });
  expect(await lab.effects(key)).toEqual([]);
});

test('I10 a key of another request is refused, and so is one that was undone before', async () => {
  const [key, undone] = [randomUUID(), randomUUID()];
  await switched(key, true);
  await switched(undone, true);
  await call(key);
  await tombstone(lab.database, undone, 'Operate');

  await expect(call(key, { request: 'another' })).rejects.toMatchObject({ reason: 'idempotency_key_reused' });
  await expect(call(undone)).rejects.toMatchObject({ reason: 'order_cancelled' });
  expect([await lab.effects(key), await lab.effects(undone)]).toEqual([['at once'], []]);
});

test('I29 a hundred calls at once with one key have one effect and one answer', async () => {
  const key = randomUUID();
  await switched(key, true);

  const answers = await Promise.all(Array.from({ length: 100 }, () => call(key)));

  expect(new Set(answers.map(({ response }) => response))).toEqual(new Set(['at once']));
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await lab.effects(key)).toEqual(['at once']);
});
