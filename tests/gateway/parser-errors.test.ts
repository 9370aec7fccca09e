import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { problem } from '../../gateway/http/schemas.ts';
import { openSocket, send, statuses } from './support/raw.ts';
import { type Shop, startShop } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

async function counted(code: number): Promise<number> {
  const { text } = await shop.call('GET', '/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith('http_requests_total') && line.includes(`code="${code}"`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const headers = 'Host: x\r\n';

test.each([
  ['no HTTP at all', 400, 'garbage\r\n\r\n'],
  ['a TLS handshake', 400, '\x16\x03\x01\x02\x00\x01\x00'],
  ['HTTP/2 without an upgrade', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no Host', 400, 'GET /v1/products HTTP/1.1\r\n\r\n'],
  ['a length and chunks', 400, `POST /v1/orders HTTP/1.1\r\n${headers}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['a length that is no number', 400, `POST /v1/orders HTTP/1.1\r\n${headers}Content-Length: five\r\n\r\n`],
  ['a header with a NUL', 400, `GET /v1/products HTTP/1.1\r\n${headers}X-A: a\0b\r\n\r\n`],
  ['headers that are too large', 431, `GET /v1/products HTTP/1.1\r\n${headers}X-Padding: ${'x'.repeat(20_000)}\r\n\r\n`],
  ['an expectation', 417, `GET /v1/products HTTP/1.1\r\n${headers}Expect: a-miracle\r\n\r\n`],
  ['a method that nobody knows', 405, `FOO /v1/orders?a=b HTTP/1.1\r\n${headers}\r\n`],
  ['a method that nobody knows, where nothing is', 404, `FOO /nothing HTTP/1.1\r\n${headers}\r\n`],
  ['a tunnel', 404, `CONNECT example.com:443 HTTP/1.1\r\n${headers}\r\n`],
])('%s is %i with a problem document, and is counted', async (_, status, bytes) => {
  const before = await counted(status);
  const received = await send(shop.base, bytes);
  expect(statuses(received)).toEqual([status]);
  const [head = '', body = ''] = received.split('\r\n\r\n');
  expect(head).toMatch(/content-type: application\/problem\+json/i);
  expect(problem.parse(JSON.parse(body))).toMatchObject({ status });
  if (status === 405) expect(head).toMatch(/\r\nallow: GET, HEAD, POST\r\n/i);
  expect(await counted(status)).toBe(before + 1);
});

test('what follows a request and is none is answered after it', async () => {
  const received = await send(shop.base, `GET /v1/products HTTP/1.1\r\n${headers}\r\ngarbage\r\n\r\n`);
  expect(statuses(received)).toEqual([200, 400]);
});

test('half of a request, from a client that sends no more and still reads, is 400', async () => {
  const { socket, received, closed } = await openSocket(shop.base);
  socket.end('POST /v1/orders HTTP/1.1\r\nHo');
  await closed;
  expect(statuses(received())).toEqual([400]);
});

test.each(['PROPFIND', 'TRACE', 'OPTIONS', 'PATCH', 'QUERY'])('%s is 405 with the methods of the path', async (method) => {
  const bytes = (path: string) => `${method} ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;
  const received = await send(shop.base, bytes('/v1/orders'));
  expect(statuses(received)).toEqual([405]);
  expect(received).toMatch(/\r\nallow: GET, HEAD, POST\r\n/i);
  expect(statuses(await send(shop.base, bytes('/nothing')))).toEqual([404]);
});

test('Allow names the methods of the more specific of two paths that match', async () => {
  const answer = await shop.call('PUT', '/v1/users/me', { headers: await shop.as('customer') });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
});
