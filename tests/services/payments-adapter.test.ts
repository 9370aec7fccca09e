/** What the adapter makes of every kind of answer that a provider may give. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { shielded, withCall } from '../../platform/rpc/call-scope.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { type PaymentProvider, ProviderUnavailable } from '../../services/payments/domain/provider.ts';
import { httpProvider } from '../../services/payments/provider/http-provider.ts';
import { eventually } from '../../testkit/eventually.ts';

type Answer = { readonly status: number; readonly body: string } | 'reset' | 'silence' | 'half';
type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
};

let server: Server;
let provider: PaymentProvider;
let answer: Answer;
let seen: Seen[];
let sockets = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      reply(request, response);
    });
  });
  function reply(request: IncomingMessage, response: ServerResponse): unknown {
    if (answer === 'silence') return;
    if (answer === 'reset') return request.socket.destroy();
    if (answer === 'half') {
      response.writeHead(201, { 'content-length': '100' });
      response.write('{"id":');
      return request.socket.end();
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    return response.end(answer.body);
  }
  server.on('connection', () => {
    sockets += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  provider = httpProvider({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, deadlineMs: 1_000 });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const CHARGED = JSON.stringify({ id: 'ch_1', status: 'captured', captured_minor: 500, currency: 'EUR' });
const REQUEST = { key: 'saga:1:pay', reference: '1', amountMinor: 500, currency: 'EUR', token: 'tok_ok' };

function charge(given: Answer) {
  answer = given;
  seen = [];
  return provider.charge(REQUEST);
}

function refused(code: string): Answer {
  return { status: 402, body: JSON.stringify({ error: { code, message: '' } }) };
}

test('a charge sends the key, the amount and the token, and asks for capture', async () => {
  expect(await charge({ status: 201, body: CHARGED })).toEqual({
    kind: 'charged',
    charge: { id: 'ch_1', key: null, capturedMinor: 500, currency: 'EUR', method: null, disputed: false, refunds: [] },
  });
  expect(seen).toMatchObject([{ method: 'POST', url: '/v1/charges', headers: { 'idempotency-key': 'saga:1:pay' } }]);
  const sent = { amount_minor: 500, currency: 'EUR', token: 'tok_ok', reference: '1', capture: true };
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual(sent);
});

test('a refusal is definite, also when its code is new', async () => {
  expect(await charge(refused('expired_card'))).toEqual({ kind: 'refused', code: 'expired_card' });
  expect(await charge(refused('card_on_the_moon'))).toEqual({ kind: 'refused', code: 'declined' });
});

const unknown: [string, Answer][] = [
  ['500', { status: 500, body: '' }],
  ['503', { status: 503, body: '{}' }],
  ['429', { status: 429, body: '{}' }],
  ['a reset', 'reset'],
  ['silence', 'silence'],
  ['half an answer', 'half'],
];
test.each(unknown)('after %s the outcome is unknown', async (_, given) => {
  await expect(charge(given)).rejects.toBeInstanceOf(ProviderUnavailable);
});

const disagreements: [string, Answer][] = [
  ['400', { status: 400, body: '{}' }],
  ['409', { status: 409, body: '{}' }],
  ['an answer without a charge', { status: 201, body: '{}' }],
  ['an answer that is not JSON', { status: 201, body: '<html>' }],
  ['a refusal without a code', { status: 402, body: '{}' }],
];
test.each(disagreements)('%s is an error, and no outcome', async (_, given) => {
  const error: unknown = await charge(given).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(ProviderUnavailable);
});

test('the other calls speak to their routes', async () => {
  seen = [];
  answer = { status: 200, body: `{"charge":${CHARGED}}` };
  expect(await provider.findByKey('a&b')).toMatchObject({ id: 'ch_1' });
  answer = { status: 200, body: '{"charge":null}' };
  expect(await provider.cancelKey('k')).toBeNull();
  answer = { status: 201, body: '{"id":"re_1"}' };
  expect(await provider.refund({ key: 'r', chargeId: 'ch_1', amountMinor: 5 })).toEqual({ kind: 'refunded', id: 're_1' });

  expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['GET', '/v1/charges?idempotency_key=a%26b', ''],
    ['POST', '/v1/cancellations', '{"idempotency_key":"k"}'],
    ['POST', '/v1/refunds', '{"charge_id":"ch_1","amount_minor":5}'],
  ]);
});

test('a connection that the provider is about to close carries no further call', async () => {
  const announced = createServer((_, response) => {
    // It says so and does not do it: what counts is what it said.
    response.writeHead(201, { 'content-type': 'application/json', 'keep-alive': 'timeout=2' });
    response.end(CHARGED);
  });
  let opened = 0;
  announced.on('connection', () => {
    opened += 1;
  });
  announced.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => announced.listen(0, '127.0.0.1', resolve));
  try {
    const { charge } = httpProvider({ url: `http://127.0.0.1:${(announced.address() as AddressInfo).port}` });
    await charge(REQUEST);
    await charge(REQUEST);
    expect(opened).toBe(1);
    const connections = () => new Promise<number>((resolve) => announced.getConnections((_, count) => resolve(count)));
    await eventually(connections, (count) => count === 0);
    await charge(REQUEST);
    expect(opened).toBe(2);
  } finally {
    announced.closeAllConnections();
    announced.close();
  }
});

test('one connection carries many calls', async () => {
  await charge({ status: 201, body: CHARGED });
  const before = sockets;
  for (let call = 0; call < 10; call += 1) await charge({ status: 201, body: CHARGED });
  expect(sockets).toBe(before);
});

test('a charge is described with its method, its refunds and its dispute, and a method that is no text of ours is left out', async () => {
  const refunds = [{ id: 're_1', amount_minor: 5, idempotency_key: null }];
  const full = { ...JSON.parse(CHARGED), idempotency_key: 'k', payment_method: { brand: 'visa', last_four: '4242' } };
  answer = { status: 200, body: JSON.stringify({ ...full, disputed: true, refunds }) };
  expect(await provider.findCharge('ch/1')).toMatchObject({
    key: 'k',
    method: { brand: 'visa', lastFour: '4242' },
    disputed: true,
    refunds: [{ id: 're_1', amountMinor: 5, key: null }],
  });
  expect(seen.at(-1)?.url).toBe('/v1/charges/ch%2F1');
  answer = {
    status: 200,
    body: JSON.stringify({ ...full, payment_method: { brand: 'vi\u0000sa', last_four: '4111111111111111' } }),
  };
  expect(await provider.findCharge('ch_1')).toMatchObject({ id: 'ch_1', method: null });
  answer = { status: 200, body: JSON.stringify({ ...full, id: 'ch\u0000' }) };
  await expect(provider.findCharge('ch_1')).rejects.toThrow();
  answer = { status: 404, body: '{}' };
  expect(await provider.findCharge('ch_1')).toBeNull();
});

test.each([
  [422, 'charge_disputed', 'charge_disputed'],
  [422, 'refund_exceeds_capture', 'refund_exceeds_capture'],
  [402, 'cancelled', 'cancelled'],
  [404, 'not_found', 'refused'],
  [422, 'closed_for_lunch', 'refused'],
])('a refund that is answered %i %s is refused, as %s', async (status, code, refused) => {
  answer = { status, body: JSON.stringify({ error: { code, message: '' } }) };
  const refund = { key: 'r', chargeId: 'ch_1', amountMinor: 5 };
  expect(await provider.refund(refund)).toEqual({ kind: 'refused', code: refused });
});

test('a call ends with the call that it belongs to, unless it is shielded from that', async () => {
  answer = 'silence';
  seen = [];
  const ended = new StatusError({ code: 'CANCELLED', reason: 'unavailable', message: 'The caller has gone' });
  const abort = new AbortController();
  const startedMs = performance.now();
  const scope = { signal: abort.signal, deadlineAtMs: Number.POSITIVE_INFINITY };
  const [bound, free] = withCall(scope, () => [provider.knowsToken('tok_ok'), shielded(() => provider.knowsToken('tok_ok'))]);
  const outcomes = Promise.allSettled([bound, free]);
  await eventually(
    async () => seen.length,
    (count) => count === 2,
  );
  abort.abort(ended);
  await expect(bound).rejects.toBe(ended);
  expect(performance.now() - startedMs).toBeLessThan(900);
  const [, second] = await outcomes;
  expect(second).toMatchObject({ reason: expect.any(ProviderUnavailable) });
});

test('many calls share a bounded number of connections, and an answer without end is given up', async () => {
  let open = 0;
  let most = 0;
  const endless = createServer((request, response) => {
    if (request.url?.startsWith('/v1/charges?')) {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
      return response.once('close', () => clearInterval(timer));
    }
    return response.end('{"valid":true}');
  });
  endless.on('connection', (socket) => {
    open += 1;
    most = Math.max(most, open);
    socket.once('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  try {
    const { knowsToken, findByKey } = httpProvider({ url: `http://127.0.0.1:${(endless.address() as AddressInfo).port}` });
    await Promise.all(Array.from({ length: 300 }, () => knowsToken('tok_ok')));
    expect(most).toBeLessThanOrEqual(64);
    await expect(findByKey('k')).rejects.toBeInstanceOf(ProviderUnavailable);
  } finally {
    endless.closeAllConnections();
    endless.close();
  }
});
