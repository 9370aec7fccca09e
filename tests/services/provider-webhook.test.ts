/** The simulator's own events: signed, and sent until the shop has taken them. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { loadConfig } from '../../platform/config/load.ts';
import { isSigned } from '../../platform/webhooks/signature.ts';
import { providerConfig } from '../../simulators/payment-provider/config.ts';
import { startProvider } from '../../simulators/payment-provider/server.ts';
import { eventually } from '../../testkit/eventually.ts';
import { openProvider, type ProviderFixture } from './provider-fixture.ts';

const SECRET = 'a secret of both';

type Received = { readonly id: string; readonly type: string; readonly charge_id: string; readonly signed: boolean };

let provider: ProviderFixture;
let received: Received[] = [];
/** What the shop answers next; 204 when there is nothing. */
let answers: number[] = [];

const shop = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += String(chunk);
  });
  request.on('end', () => {
    const signature = String(request.headers['provider-signature']);
    received.push({ ...JSON.parse(body), signed: isSigned({ secret: SECRET, body, signature, now: new Date() }) });
    response.writeHead(answers.shift() ?? 204).end();
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/v1/provider-events`;
  provider = await openProvider({ PROVIDER_WEBHOOK_URL: url, PROVIDER_WEBHOOK_SECRET: SECRET });
});

afterEach(() => {
  received = [];
});

afterAll(async () => {
  await provider.close();
  shop.closeAllConnections();
  shop.close();
});

async function charged(): Promise<string> {
  return (await provider.charge(randomUUID())).json.id;
}

function seen(count: number): Promise<Received[]> {
  return eventually(
    async () => received,
    (all) => all.length >= count,
  );
}

test('a refund of the back office and a dispute are reported, signed; what the shop itself asked for is not', async () => {
  const id = await charged();
  await provider.refund(randomUUID(), id, 1);
  expect(await provider.refundInBackOffice(id, 99)).toMatchObject({ status: 201 });
  await seen(1);
  expect(await provider.dispute(id)).toMatchObject({ status: 200 });
  expect(await provider.dispute(id)).toMatchObject({ status: 200 });
  expect(await seen(2)).toMatchObject([
    { type: 'charge.refunded', charge_id: id, signed: true },
    { type: 'charge.disputed', charge_id: id, signed: true },
  ]);
  await eventually(
    () => provider.sql('select from events'),
    (left) => left.length === 0,
  );
  expect(received).toHaveLength(2);
  const charge = (await provider.call('GET', `/v1/charges/${id}`)).json;
  expect(charge).toMatchObject({
    refunded_minor: 100,
    disputed: true,
    refunds: [
      { amount_minor: 1, idempotency_key: expect.any(String) },
      { amount_minor: 99, idempotency_key: null },
    ],
  });
  expect(await provider.refund(randomUUID(), id, 1)).toMatchObject({ status: 422, json: { error: { code: 'charge_disputed' } } });
});

test('an event is sent again until it is taken, under the same id', async () => {
  answers = [503, 500];
  await provider.refundInBackOffice(await charged());
  const [first, second, third] = await seen(3);
  expect(new Set([first?.id, second?.id, third?.id]).size).toBe(1);
});

test('a charge whose answer is never sent is reported', async () => {
  const reference = randomUUID();
  const late = provider.charge(randomUUID(), { token: 'tok_timeout_after_charge', reference }, AbortSignal.timeout(300));
  await expect(late).rejects.toThrow(/timeout/i);
  expect(await seen(1)).toMatchObject([{ type: 'charge.captured' }]);
});

test('the back office refunds at most what is left, of a charge that exists', async () => {
  const id = await charged();
  expect(await provider.refundInBackOffice(id, 1_001)).toMatchObject({ status: 422 });
  await provider.refundInBackOffice(id);
  expect(await provider.refundInBackOffice(id)).toMatchObject({ status: 422 });
  expect(await provider.refundInBackOffice('ch_none')).toMatchObject({ status: 404 });
  expect(await provider.dispute('ch_none')).toMatchObject({ status: 404 });
  expect(await seen(1)).toHaveLength(1);
});

test.each([
  [{}, 'PROVIDER_WEBHOOK_SECRET is missing: PROVIDER_WEBHOOK_URL needs it'],
  [{ PROVIDER_WEBHOOK_SECRET_FILE: '/nowhere' }, 'PROVIDER_WEBHOOK_SECRET_FILE: /nowhere cannot be read'],
])('a URL with the secret %p is refused at the start', async (given, message) => {
  const config = loadConfig(providerConfig, {
    PROVIDER_DATABASE_URL: provider.databaseUrl,
    PROVIDER_WEBHOOK_URL: 'http://127.0.0.1:1/',
    ...given,
  });
  await expect(startProvider(config)).rejects.toThrow(message);
});
