/** The external fraud scorer: what it is told, what its word does, and what happens without it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { failure, LIMITS, openPayments, type PaymentsFixture, type PaymentsInstance, payment, read } from './payments-fixture.ts';

let fixture: PaymentsFixture;
let server: Server;
let payments: PaymentsInstance;
/** What the scorer answers next; null stays silent. */
let answer: { status: number; body: string } | null;
let told: string[] = [];

beforeAll(async () => {
  fixture = await openPayments();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      told.push(Buffer.concat(chunks).toString('utf8'));
      if (answer) response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
  payments = await fixture.start(undefined, { FRAUD_SCORER_URL: url });
});

afterAll(async () => {
  await fixture.close();
  server.closeAllConnections();
  server.close();
});

function scored(score: unknown, reason?: string) {
  return { status: 200, body: JSON.stringify({ score, reason }) };
}

/** Pays, and tells what the fraud check made of it; `refused` is null when the card was charged. */
async function pay(amountMinor: number, service: PaymentsInstance = payments) {
  const request = payment({ amount: { amountMinor, currency: 'EUR' } });
  const refused = await service.processPayment(request, LIMITS).then(
    () => null,
    (error: Error) => error,
  );
  return {
    request,
    refused,
    fraud: (await read(service, request.orderId)).fraud,
    charged: await fixture.entriesOf(request.orderId),
  };
}

const FIRST = { name: 'first_payment', weight: 5, reason: 'The first payment of this customer' };

test('its score is added, with its reason, and it learns amounts and counts and of nobody', async () => {
  told = [];
  answer = scored(45, 'Seen before');
  const { refused, fraud } = await pay(2_000);
  expect(refused).toBeNull();
  expect(fraud).toEqual({ score: 50, factors: [FIRST, { name: 'external_score', weight: 45, reason: 'Seen before' }] });
  expect(told.map((body) => JSON.parse(body))).toEqual([
    { amount_minor: 2_000, currency: 'EUR', first_payment: true, payments_last_hour: 0, declines_last_day: 0 },
  ]);
});

test('its score alone may hold a payment', async () => {
  answer = scored(46);
  const { refused, fraud, charged } = await pay(2_000);
  expect(refused).toMatchObject({ reason: 'fraud_review' });
  expect(fraud?.score).toBe(51);
  expect(charged).toEqual([]);
});

test('it is not asked about what our own rules hold', async () => {
  told = [];
  const { refused } = await pay(500_001);
  expect(refused).toMatchObject({ reason: 'fraud_review' });
  expect(told).toEqual([]);
});

const outages: [string, { status: number; body: string } | null][] = [
  ['silent', null],
  ['answering 500', { status: 500, body: '{}' }],
  ['answering what is no JSON', { status: 200, body: '<html>' }],
  ['answering without a score', { status: 200, body: '{}' }],
  ['answering a score below 0', scored(-1)],
  ['answering a score that is a word', scored('high')],
];
test.each(outages)('with a scorer that is %s 50.00 passes and 50.01 is held', async (_, given) => {
  answer = given;
  const small = await pay(5_000);
  expect(small.refused).toBeNull();
  expect(small.charged).toHaveLength(2);
  expect(small.fraud).toMatchObject({ score: 5, factors: [FIRST, { name: 'scorer_out_small_amount', weight: 0 }] });

  const large = await pay(5_001);
  expect(large.refused).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'fraud_review' });
  expect(large.charged).toEqual([]);
  expect(large.fraud).toMatchObject({ score: 56, factors: [FIRST, { name: 'scorer_out_large_amount', weight: 51 }] });

  // The decision stands when the scorer is back: the key has its answer.
  answer = scored(0);
  expect(await failure(payments.processPayment(large.request, LIMITS))).toMatchObject({ reason: 'fraud_review' });
});

test('a scorer that nobody runs is out as well, and the small amount is configuration', async () => {
  const service = await fixture.start(undefined, { FRAUD_SCORER_URL: 'http://127.0.0.1:1/', FRAUD_SMALL: 'EUR=100' });
  expect((await pay(100, service)).refused).toBeNull();
  expect((await pay(101, service)).refused).toMatchObject({ reason: 'fraud_review' });
});

test("the provider simulator's scorer finds amounts above 1,000.00 suspicious", async () => {
  const service = await fixture.start(undefined, { FRAUD_SCORER_URL: `${fixture.provider.url}/v1/fraud/score` });
  expect((await pay(100_000, service)).fraud).toMatchObject({ score: 5, factors: [FIRST, { weight: 0 }] });
  const { refused, fraud } = await pay(100_001, service);
  expect(refused).toMatchObject({ reason: 'fraud_review' });
  expect(fraud?.factors.map(({ name, weight }) => [name, weight])).toEqual([
    ['large_amount', 10],
    ['first_payment', 5],
    ['external_score', 40],
  ]);
});

test('what was decided is counted by whose word it was', async () => {
  const text = await (await fetch(`http://127.0.0.1:${payments.httpPort}/metrics`)).text();
  const count = (labels: string) => text.split('\n').find((line) => line.startsWith(`fraud_decisions_total{${labels}`));
  expect(count('decision="passed",source="scorer"')).toMatch(/ 1$/);
  expect(count('decision="held",source="scorer"')).toMatch(/ 1$/);
  expect(count('decision="held",source="rules"')).toMatch(/ 1$/);
  expect(count('decision="passed",source="fallback"')).toMatch(/ 6$/);
  expect(count('decision="held",source="fallback"')).toMatch(/ 6$/);
});
