/** Limits on the work in flight: of one connection, of one caller, of all of them together. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { openSocket, send, statuses } from './support/raw.ts';
import { type Shop, startShop } from './support/shop.ts';

const CALLER_MAX = 3;
const ALL_MAX = 6;

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
    shop.call('GET', '/v1/products', { headers, signal: controller.signal }).catch(() => undefined);
  }
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
  const bytes = `GET /v1/products HTTP/1.1\r\nHost: x\r\nX-API-Key: ${(await shop.as('customer'))['X-API-Key']}\r\n\r\n`;
  const answered = await Promise.all(Array.from({ length: 10 }, () => send(shop.base, bytes.repeat(1_500))));
  for (const received of answered) {
    expect(statuses(received)).toHaveLength(11);
    expect(statuses(received).at(-1)).toBe(503);
  }
  expect((await shop.call('GET', '/v1/products')).status).toBe(200);
});

test('an answer that nobody reads ends its connection, and gives its places back', async () => {
  const big = '/docs/swagger-ui-bundle.js';
  const { socket, closed } = await openSocket(shop.base);
  socket.pause();
  // More than the kernel keeps for the client.
  socket.write(`GET ${big} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(8));
  await closed.then(() => undefined);
  await eventually(
    () => Promise.all(Array.from({ length: CALLER_MAX }, () => shop.call('GET', big))),
    (answers) => answers.every(({ status }) => status === 200),
  );
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
