/** Limits on the work in flight: of one connection, of one caller, of all of them together. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import { createHttpServer } from '../../gateway/http/server/http-server.ts';
import { startGateway } from '../../gateway/server.ts';
import { listen } from '../../platform/http/operations-server.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { eventually } from '../../testkit/eventually.ts';
import { openSocket, send, statuses } from './support/raw.ts';
import { type Shop, startShop, timed } from './support/shop.ts';

const PRODUCTS = 'GET /v1/products HTTP/1.1\r\nHost: x\r\n\r\n';
const CALLER_MAX = 3;
const ALL_MAX = 12;

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({
    temporalAddress: '127.0.0.1:1',
    env: {
      GATEWAY_REQUESTS_PER_CALLER_MAX: String(CALLER_MAX),
      GATEWAY_REQUESTS_MAX: String(ALL_MAX),
      GATEWAY_WRITE_TIMEOUT_MS: '500',
      ORDER_EVENT_STREAMS_PER_USER_MAX: '1',
    },
  });
});

afterAll(async () => {
  await shop.stop();
});

const waiting: AbortController[] = [];

afterEach(async () => {
  shop.services.products.gate.unstick();
  for (const controller of waiting.splice(0)) controller.abort();
  await eventually(
    () => shop.call('GET', '/v1/products'),
    ({ status }) => status === 200,
  );
});

/** Requests that are in flight until products answers again. */
function hang(count: number, headers: Readonly<Record<string, string>>): void {
  shop.services.products.gate.stick();
  for (let n = 0; n < count; n += 1) {
    const controller = new AbortController();
    waiting.push(controller);
    void keepAsking(headers, controller.signal);
  }
}

async function keepAsking(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await shop.call('GET', '/v1/products', { headers, signal }).catch(() => undefined);
}

const ofUser = async (userId?: string) => ({ Authorization: (await shop.as('customer', userId)).Authorization });

test('a caller with too many requests in flight is refused with 503, and others are not', async () => {
  const [busy, other] = [await ofUser(), await ofUser(await shop.addCustomer())];
  hang(CALLER_MAX, busy);
  const refused = await eventually(
    () => shop.call('GET', '/v1/users/me', { headers: busy }),
    ({ status }) => status === 503,
  );
  expect(refused.body).toMatchObject({ reason: 'overloaded' });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await shop.call('GET', '/v1/users/me', { headers: other })).status).toBe(200);
  // Requests whose callers have left give their places back.
  for (const controller of waiting) controller.abort();
  await eventually(
    () => shop.call('GET', '/v1/users/me', { headers: busy }),
    ({ status }) => status === 200,
  );
});

test('the internal tier has no limit of its own; the limit of all callers together refuses everybody with 503', async () => {
  const internal = await shop.as('customer');
  hang(ALL_MAX, internal);
  const refused = await eventually(
    () => shop.call('GET', '/v1/users/me', { headers: internal }),
    ({ status }) => status === 503,
  );
  expect(refused.body).toMatchObject({ reason: 'overloaded' });
  expect((await shop.call('GET', '/health/live')).status).toBe(200);
});

test('1,500 pipelined requests get ten answers and a refusal, and the connection ends', async () => {
  const received = await send(shop.base, PRODUCTS.repeat(1_500));
  expect(statuses(received)).toHaveLength(11);
  expect(statuses(received).at(-1)).toBe(503);
  expect(received.split('\r\n\r\n').at(-1)).toMatch(/"reason":"overloaded"/);
});

test('what many connections pipeline behind slow answers is not kept: beyond a bound they end without an answer', async () => {
  const headers = await shop.as('customer');
  const request = PRODUCTS.replace('\r\n\r\n', `\r\nX-API-Key: ${headers['X-API-Key']}\r\n\r\n`);
  const clients = await Promise.all(Array.from({ length: ALL_MAX }, () => openSocket(shop.base)));
  for (const { socket } of clients) {
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
  }
  shop.services.products.gate.stick();
  for (const { socket } of clients) socket.write(request);
  // Asked after them: when it is answered, they are in flight.
  expect((await shop.call('GET', '/health/live')).status).toBe(200);
  for (const { socket } of clients) socket.write(request.repeat(1_500));
  await Promise.all(clients.map(({ closed }) => closed));
  expect(clients.filter(({ received }) => statuses(received()).length === 1).length).toBeGreaterThan(0);
  expect((await shop.call('GET', '/health/live')).status).toBe(200);
});

test('an answer that nobody reads ends its connection', async () => {
  const logger = pino({ level: 'silent' });
  const { server, close } = createHttpServer({
    // More than the kernel keeps for the client.
    handle: (_, response) => void response.end(Buffer.alloc(32 * 1024 * 1024)),
    methodsAt: () => [],
    connectionsMax: 10,
    writeTimeoutMs: 200,
    logger,
    metrics: createMetrics('test', '0'),
  });
  const base = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
  const { socket } = await openSocket(base);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(server, 'request');
  const connections = () => new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
  await eventually(connections, (open) => open === 0);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
  await close();
});

test('connections that send nothing, or half a request, do not hold up a gateway that stops', async () => {
  const gateway = await startGateway(shop.config);
  const base = `http://127.0.0.1:${gateway.listening.http}`;
  const sockets = await Promise.all([openSocket(base), openSocket(base)]);
  sockets[1]?.socket.write('GET /v1/products HTTP/1.1\r\nHo');
  const { tookMs } = await timed(gateway.stop());
  expect(tookMs).toBeLessThan(10_000);
});

test('one user has a bounded number of event streams', async () => {
  await shop.order();
  const path = `/v1/orders/${await shop.newestOrder()}/events`;
  const headers = await shop.as('customer');
  const open = get(`${shop.base}${path}`, { headers });
  const [stream]: IncomingMessage[] = await once(open, 'response');
  expect(stream?.statusCode).toBe(200);
  const refused = await shop.call('GET', path, { headers });
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({ reason: 'overloaded' });
  open.destroy();
});
