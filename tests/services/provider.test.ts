import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.ts';
import { openProvider, type ProviderFixture } from './provider-fixture.ts';

let provider: ProviderFixture;

beforeAll(async () => {
  provider = await openProvider();
});

afterAll(() => provider.close());

type ChargeBody = { amount_minor: number; currency: string; token: string; reference: string; capture: boolean };

function body(given: Partial<ChargeBody> = {}): ChargeBody {
  return { amount_minor: 1_000, currency: 'EUR', token: 'tok_ok', reference: randomUUID(), capture: true, ...given };
}

function charge(key: string, given: Partial<ChargeBody>, signal?: AbortSignal) {
  return provider.call('POST', '/v1/charges', { key, body: body(given), ...(signal ? { signal } : {}) });
}

async function charged(given: Partial<ChargeBody> = {}) {
  const key = randomUUID();
  await charge(key, given);
  const found = await provider.findByKey(key);
  if (!found) throw new Error('A charge was expected');
  return found;
}

function refund(key: string, chargeId: string, amountMinor: number) {
  return provider.call('POST', '/v1/refunds', { key, body: { charge_id: chargeId, amount_minor: amountMinor } });
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

async function kindsOf(reference: string): Promise<string[]> {
  return (await provider.entriesOf(reference)).map((entry) => entry.kind);
}

test('tok_ok charges, and the same key gets the same answer to the byte', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const first = await charge(key, { reference });
  const second = await charge(key, { reference });

  expect(first.status).toBe(201);
  expect(first.json).toMatchObject({ status: 'captured', amount_minor: 1_000, currency: 'EUR', reference });
  expect(second).toEqual(first);
  expect(await kindsOf(reference)).toEqual(['charge', 'capture']);
});

test.each([
  ['tok_declined', 'declined'],
  ['tok_insufficient', 'insufficient_funds'],
  ['tok_expired', 'expired_card'],
  ['tok_fraud', 'fraud_hold'],
  ['tok_made_up', 'invalid_token'],
])('%s is refused as %s for good, and nothing is charged', async (token, code) => {
  const key = randomUUID();
  const reference = randomUUID();
  const first = await charge(key, { token, reference });

  expect(first.status).toBe(402);
  expect(first.json).toEqual({ error: { code, message: expect.any(String) } });
  expect(await charge(key, { token, reference })).toEqual(first);
  expect(await provider.findByKey(key)).toBeNull();
  expect(await kindsOf(reference)).toEqual([]);
});

test('a key that was used for another request is a conflict and changes nothing', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  await charge(key, { reference });
  const refused = await charge(randomUUID(), { token: 'tok_declined', reference });
  expect(refused.status).toBe(402);

  for (const other of [{ amount_minor: 1_001 }, { currency: 'USD' }, { token: 'tok_declined' }, { capture: false }]) {
    expect((await charge(key, { reference, ...other })).status).toBe(409);
  }
  const found = await provider.findByKey(key);
  expect((await refund(key, found?.id ?? '', 1)).status).toBe(409);
  expect(await kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('30 calls at once with one key charge once and are answered alike', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const answers = await Promise.all(Array.from({ length: 30 }, () => charge(key, { reference })));

  expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
  expect(await kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('tok_slow is answered correctly, late', async () => {
  const startedMs = performance.now();
  const answer = await charge(randomUUID(), { token: 'tok_slow' });

  expect(answer.status).toBe(201);
  expect(performance.now() - startedMs).toBeGreaterThan(2_900);
});

test('tok_timeout_after_charge charges, stays silent once, and answers when it is asked again', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const given = { token: 'tok_timeout_after_charge', reference };

  await expect(charge(key, given, AbortSignal.timeout(500))).rejects.toThrow(/timeout/i);
  expect(await kindsOf(reference)).toEqual(['charge', 'capture']);
  expect(await charge(key, given)).toMatchObject({ status: 201, json: { status: 'captured' } });
  expect(await kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('tok_outage is always 503 and leaves nothing behind', async () => {
  const key = randomUUID();
  for (let attempt = 0; attempt < 2; attempt += 1) expect((await charge(key, { token: 'tok_outage' })).status).toBe(503);
  expect((await charge(key, { token: 'tok_ok' })).status).toBe(201);
});

test('a cancelled key refuses the charge that comes late', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const cancel = () => provider.call('POST', '/v1/cancellations', { body: { idempotency_key: key } });

  expect(await cancel()).toMatchObject({ status: 200, json: { charge: null } });
  expect(await cancel()).toMatchObject({ status: 200, json: { charge: null } });
  expect(await charge(key, { reference })).toMatchObject({ status: 402, json: { error: { code: 'cancelled' } } });
  expect(await kindsOf(reference)).toEqual([]);
});

test('cancelling a key that has charged returns the charge, which stands until it is refunded', async () => {
  const key = randomUUID();
  await charge(key, {});
  const cancelled = await provider.call('POST', '/v1/cancellations', { body: { idempotency_key: key } });

  expect(cancelled.json).toEqual({ charge: await provider.findByKey(key) });
});

test('a charge and the cancellation of its key at once: refused, or returned', async () => {
  for (let round = 0; round < 10; round += 1) {
    const key = randomUUID();
    const reference = randomUUID();
    const [answer, cancelled] = await Promise.all([
      charge(key, { reference }),
      provider.call('POST', '/v1/cancellations', { body: { idempotency_key: key } }),
    ]);
    if (answer.status === 201) expect(cancelled.json).toMatchObject({ charge: { id: answer.json.id } });
    else expect([answer.status, answer.json.error.code, cancelled.json.charge]).toEqual([402, 'cancelled', null]);
    expect(await kindsOf(reference)).toHaveLength(answer.status === 201 ? 2 : 0);
  }
});

test('refunds never exceed what was captured, also when they come at once', async () => {
  const { id, reference } = await charged();
  const key = randomUUID();
  const first = await refund(key, id, 400);
  expect(first).toMatchObject({ status: 201, json: { charge_id: id, amount_minor: 400 } });
  expect(await refund(key, id, 400)).toEqual(first);

  const answers = await Promise.all(Array.from({ length: 5 }, () => refund(randomUUID(), id, 300)));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 422, 422, 422]);
  expect(await kindsOf(reference)).toEqual(['charge', 'capture', 'refund', 'refund', 'refund']);
  expect((await refund(randomUUID(), 'ch_unknown', 1)).status).toBe(404);
});

test('an authorisation is captured or voided, never both', async () => {
  const captured = await charged({ capture: false });
  expect(captured).toMatchObject({ status: 'authorized', captured_minor: 0 });
  expect((await refund(randomUUID(), captured.id, 1)).status).toBe(422);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await provider.call('POST', `/v1/charges/${captured.id}/capture`)).toMatchObject({
      status: 200,
      json: { status: 'captured', captured_minor: 1_000 },
    });
  }
  expect((await provider.call('POST', `/v1/charges/${captured.id}/void`)).status).toBe(409);
  expect(await kindsOf(captured.reference)).toEqual(['charge', 'capture']);

  const voided = await charged({ capture: false });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await provider.call('POST', `/v1/charges/${voided.id}/void`)).toMatchObject({ json: { status: 'voided' } });
  }
  expect((await provider.call('POST', `/v1/charges/${voided.id}/capture`)).status).toBe(409);
  expect(await kindsOf(voided.reference)).toEqual(['charge', 'void']);
});

test('a reader of the ledger who remembers the last id misses no entry, whichever transaction commits first', async () => {
  // Entries of 777 take their id at once and commit late.
  await onDatabase(`
    create function commit_late() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;
    create constraint trigger late after insert on ledger deferrable initially deferred
      for each row when (new.amount_minor = 777 and new.kind = 'charge') execute function commit_late()`);
  const reference = randomUUID();
  const start = String((await provider.ledger()).at(-1)?.id ?? 0);
  const slow = charge(randomUUID(), { reference, amount_minor: 777 });
  await eventually(
    () => onDatabase(`select 1 from pg_stat_activity where datname = current_database() and query = 'commit'`),
    (rows) => rows.length > 0,
  );
  await charge(randomUUID(), { reference, amount_minor: 1 });
  const seen = (await provider.ledgerPageAfter(start, 100)).items;
  await slow;
  const rest = (await provider.ledgerPageAfter(String(seen.at(-1)?.id), 100)).items;

  expect([...seen, ...rest].map((entry) => entry.amount_minor)).toEqual([777, 777, 1, 1]);
});

test('the ledger is read in pages', async () => {
  const all = await provider.ledger();
  expect(all.length).toBeGreaterThan(10);
  expect(await provider.ledger(3)).toEqual(all);
});

test('what was written to the ledger cannot be changed', async () => {
  await charged();
  await expect(onDatabase('update ledger set amount_minor = 1')).rejects.toThrow('append-only');
  await expect(onDatabase('delete from ledger')).rejects.toThrow('append-only');
});

test('keys are remembered across a restart', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const before = await charge(key, { reference });
  await provider.restart();

  expect(await charge(key, { reference })).toEqual(before);
});

test.each([
  ['no key', undefined, body()],
  ['an amount of 0', 'k1', body({ amount_minor: 0 })],
  ['a fraction', 'k2', body({ amount_minor: 1.5 })],
  ['an amount above 2^53', 'k3', body({ amount_minor: 2 ** 53 })],
  ['a currency in small letters', 'k4', body({ currency: 'eur' })],
  ['no body', 'k5', undefined],
])('%s is a bad request, which uses up no key', async (_, key, given) => {
  const answer = await provider.call('POST', '/v1/charges', { ...(key ? { key } : {}), ...(given ? { body: given } : {}) });

  expect(answer).toMatchObject({ status: 400, json: { error: { code: 'invalid_request' } } });
  if (key) expect((await charge(key, {})).status).toBe(201);
});

test('it tells that it is alive and ready, and counts what it answers', async () => {
  expect((await provider.call('GET', '/health/live')).status).toBe(200);
  expect(await provider.call('GET', '/health/ready')).toMatchObject({
    status: 200,
    json: { status: 'ready', dependencies: [{ name: 'database', status: 'up' }] },
  });
  expect((await provider.call('GET', '/v1/nothing')).status).toBe(404);
  const { text } = await provider.call('GET', '/metrics');
  expect(text).toMatch(/http_requests_total\{[^}]*route="\/v1\/charges"/);
  expect(text).toMatch(/http_requests_total\{[^}]*route="unknown"[^}]*code="404"|code="404"[^}]*route="unknown"/);
});
