import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../testkit/eventually.ts';
import { type ChargeBody, openProvider, type ProviderFixture } from './provider-fixture.ts';

let provider: ProviderFixture;

beforeAll(async () => {
  provider = await openProvider();
});

afterAll(() => provider.close());

async function charged(given: Partial<ChargeBody> = {}) {
  const key = randomUUID();
  await provider.charge(key, given);
  const found = await provider.findByKey(key);
  if (!found) throw new Error('A charge was expected');
  return found;
}

async function onDatabase(text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: provider.databaseUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('refunds never exceed what was captured, also when they come at once', async () => {
  const { id, reference } = await charged();
  const key = randomUUID();
  const first = await provider.refund(key, id, 400);
  expect(first).toMatchObject({ status: 201, json: { charge_id: id, amount_minor: 400 } });
  expect(await provider.refund(key, id, 400)).toEqual(first);

  const answers = await Promise.all(Array.from({ length: 5 }, () => provider.refund(randomUUID(), id, 300)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 422, 422, 422]);
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture', 'refund', 'refund', 'refund']);
  expect((await provider.refund(randomUUID(), 'ch_unknown', 1)).status).toBe(404);
});

test('an authorisation is captured or voided, never both', async () => {
  const captured = await charged({ capture: false });
  expect(captured).toMatchObject({ status: 'authorized', captured_minor: 0 });
  expect((await provider.refund(randomUUID(), captured.id, 1)).status).toBe(422);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await provider.call('POST', `/v1/charges/${captured.id}/capture`)).toMatchObject({
      status: 200,
      json: { status: 'captured', captured_minor: 1_000 },
    });
  }
  expect((await provider.call('POST', `/v1/charges/${captured.id}/void`)).status).toBe(409);
  expect(await provider.kindsOf(captured.reference)).toEqual(['charge', 'capture']);

  const voided = await charged({ capture: false });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await provider.call('POST', `/v1/charges/${voided.id}/void`)).toMatchObject({ json: { status: 'voided' } });
  }
  expect((await provider.call('POST', `/v1/charges/${voided.id}/capture`)).status).toBe(409);
  expect(await provider.kindsOf(voided.reference)).toEqual(['charge', 'void']);
});

test('I53 of a capture and a void at the same time exactly one wins', async () => {
  const wins = { capture: 0, void: 0 };
  for (let pair = 0; pair < 20; pair += 1) {
    const { id, reference } = await charged({ capture: false });
    const ways = ['capture', 'void'] as const;
    // Whichever is sent first, the other may overtake it.
    const answers = await Promise.all(
      (pair % 2 === 0 ? ways : ways.toReversed()).map(async (way) => ({
        way,
        status: (await provider.call('POST', `/v1/charges/${id}/${way}`)).status,
      })),
    );
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    if (winner) wins[winner.way] += 1;
    expect(await provider.kindsOf(reference)).toEqual(['charge', winner?.way]);
  }
  expect(wins.capture + wins.void).toBe(20);
});

test('a reader of the ledger who remembers the last id misses no entry, whichever transaction commits first', async () => {
  // Entries of 777 take their id at once and commit late.
  await onDatabase(`
    create function commit_late() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;
    create constraint trigger late after insert on ledger deferrable initially deferred
      for each row when (new.amount_minor = 777 and new.kind = 'charge') execute function commit_late()`);
  const reference = randomUUID();
  const start = String((await provider.ledger()).at(-1)?.id ?? 0);
  const slow = provider.charge(randomUUID(), { reference, amount_minor: 777 });
  await eventually(
    () => onDatabase(`select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`),
    (rows) => rows.length > 0,
  );
  await provider.charge(randomUUID(), { reference, amount_minor: 1 });
  const seen = (await provider.ledgerPageAfter(start, 100)).items;
  await slow;
  const rest = (await provider.ledgerPageAfter(String(seen.at(-1)?.id), 100)).items;

  expect([...seen, ...rest].map((entry) => entry.amount_minor)).toEqual([777, 777, 1, 1]);
});

test('what was written to the ledger cannot be changed', async () => {
  await charged();
  await expect(onDatabase('update ledger set amount_minor = 1')).rejects.toThrow('append-only');
  await expect(onDatabase('delete from ledger')).rejects.toThrow('append-only');
});

test('the ledger is read in pages', async () => {
  const all = await provider.ledger();
  expect(all.length).toBeGreaterThan(10);
  expect(await provider.ledger(3)).toEqual(all);
});
