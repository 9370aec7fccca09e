import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chargeBody, openProvider, type ProviderFixture } from './provider-fixture.ts';

let provider: ProviderFixture;

beforeAll(async () => {
  provider = await openProvider();
});

afterAll(() => provider.close());

test('tok_ok charges, and the same key gets the same answer to the byte', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const first = await provider.charge(key, { reference });
  const second = await provider.charge(key, { reference });

  expect(first.status).toBe(201);
  expect(first.json).toMatchObject({ status: 'captured', amount_minor: 1_000, currency: 'EUR', reference });
  expect(second).toEqual(first);
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture']);
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
  const first = await provider.charge(key, { token, reference });

  expect(first.status).toBe(402);
  expect(first.json).toEqual({ error: { code, message: expect.any(String) } });
  expect(await provider.charge(key, { token, reference })).toEqual(first);
  expect(await provider.findByKey(key)).toBeNull();
  expect(await provider.kindsOf(reference)).toEqual([]);
});

test('a key that was used for another request is a conflict and changes nothing', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  await provider.charge(key, { reference });
  const refused = await provider.charge(randomUUID(), { token: 'tok_declined', reference });
  expect(refused.status).toBe(402);

  for (const other of [{ amount_minor: 1_001 }, { currency: 'USD' }, { token: 'tok_declined' }, { capture: false }]) {
    expect((await provider.charge(key, { reference, ...other })).status).toBe(409);
  }
  const found = await provider.findByKey(key);
  expect((await provider.refund(key, found?.id ?? '', 1)).status).toBe(409);
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('30 calls at once with one key charge once and are answered alike', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const answers = await Promise.all(Array.from({ length: 30 }, () => provider.charge(key, { reference })));

  expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('tok_slow is answered correctly, late', async () => {
  const startedMs = performance.now();
  const answer = await provider.charge(randomUUID(), { token: 'tok_slow' });

  expect(answer.status).toBe(201);
  expect(performance.now() - startedMs).toBeGreaterThan(2_900);
});

test('tok_timeout_after_charge charges, stays silent once, and answers when it is asked again', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const given = { token: 'tok_timeout_after_charge', reference };

  await expect(provider.charge(key, given, AbortSignal.timeout(500))).rejects.toThrow(/timeout/i);
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture']);
  expect(await provider.charge(key, given)).toMatchObject({ status: 201, json: { status: 'captured' } });
  expect(await provider.kindsOf(reference)).toEqual(['charge', 'capture']);
});

test('tok_outage is always 503 and leaves nothing behind', async () => {
  const key = randomUUID();
  for (let attempt = 0; attempt < 2; attempt += 1) expect((await provider.charge(key, { token: 'tok_outage' })).status).toBe(503);
  expect((await provider.charge(key, { token: 'tok_ok' })).status).toBe(201);
});

test('a cancelled key refuses the charge that comes late', async () => {
  const key = randomUUID();
  const reference = randomUUID();

  expect(await provider.cancel(key)).toMatchObject({ status: 200, json: { charge: null } });
  expect(await provider.cancel(key)).toMatchObject({ status: 200, json: { charge: null } });
  expect(await provider.charge(key, { reference })).toMatchObject({ status: 402, json: { error: { code: 'cancelled' } } });
  expect(await provider.kindsOf(reference)).toEqual([]);
});

test('cancelling a key that has charged returns the charge, which stands until it is refunded', async () => {
  const key = randomUUID();
  await provider.charge(key, {});
  const cancelled = await provider.cancel(key);

  expect(cancelled.json).toEqual({ charge: await provider.findByKey(key) });
});

test('a charge and the cancellation of its key at once: refused, or returned', async () => {
  for (let round = 0; round < 10; round += 1) {
    const key = randomUUID();
    const reference = randomUUID();
    const [answer, cancelled] = await Promise.all([provider.charge(key, { reference }), provider.cancel(key)]);
    if (answer.status === 201) expect(cancelled.json).toMatchObject({ charge: { id: answer.json.id } });
    else expect([answer.status, answer.json.error.code, cancelled.json.charge]).toEqual([402, 'cancelled', null]);
    expect(await provider.kindsOf(reference)).toHaveLength(answer.status === 201 ? 2 : 0);
  }
});

test('keys are remembered across a restart', async () => {
  const key = randomUUID();
  const reference = randomUUID();
  const before = await provider.charge(key, { reference });
  await provider.restart();

  expect(await provider.charge(key, { reference })).toEqual(before);
});

test.each([
  ['no key', undefined, chargeBody()],
  ['an amount of 0', 'k1', chargeBody({ amount_minor: 0 })],
  ['a fraction', 'k2', chargeBody({ amount_minor: 1.5 })],
  ['an amount above 2^53', 'k3', chargeBody({ amount_minor: 2 ** 53 })],
  ['a currency in small letters', 'k4', chargeBody({ currency: 'eur' })],
  ['no body', 'k5', undefined],
])('%s is a bad request, which uses up no key', async (_, key, given) => {
  const answer = await provider.call('POST', '/v1/charges', { ...(key ? { key } : {}), ...(given ? { body: given } : {}) });

  expect(answer).toMatchObject({ status: 400, json: { error: { code: 'invalid_request' } } });
  if (key) expect((await provider.charge(key, {})).status).toBe(201);
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
