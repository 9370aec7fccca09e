/**
 * What a hostile client does to an HTTP server on bare sockets. Random parts come from the seed of the run, so that a run can be repeated.
 * Every attack leaves its sockets to `attack`, which ends those that the server has not ended.
 */
import { connect, type Socket } from 'node:net';

type Random = () => number;
type Attack = (open: () => Socket, random: Random) => void;

// Milliseconds until the sockets of one attack are ended: most attacks are over earlier.
const ATTACK_LIMIT_MS = 1_000;

const HOST = 'Host: x\r\n';
const TARGETS = [
  '/v1/products',
  '/v1/orders',
  '/v1/users/me',
  '/openapi.json',
  '/health/ready',
  '/metrics',
  '/nothing',
  '*',
  '//',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'FOO', ''];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''];
const HEADERS = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Content-Type: application/json',
  'Content-Encoding: gzip',
  'Expect: 100-continue',
  'Expect: something',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Connection: close',
  'Authorization: Bearer a.b.c',
  'X-API-Key: x',
  'Idempotency-Key: \x01',
  'X-Request-ID: a\r\nb: c',
  'traceparent: 00-0-0-00',
  'Range: bytes=0-0',
  'If-None-Match: *, "',
  ' folded: line',
  ': no name',
  `Cookie: ${'a=b; '.repeat(500)}`,
];
const BODIES = [
  '',
  '{',
  '[]',
  '{"__proto__":{"a":1}}',
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '\0'.repeat(100),
];

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)] as T;

function bytes(size: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
}

/** A request in which each part may be wrong. */
function nearlyRequest(random: Random): string {
  const headers = Array.from({ length: Math.floor(random() * 5) }, () => `${pick(HEADERS, random)}\r\n`).join('');
  const host = random() < 0.8 ? HOST : '';
  return `${pick(METHODS, random)} ${pick(TARGETS, random)} ${pick(VERSIONS, random)}\r\n${host}${headers}\r\n${pick(BODIES, random)}`;
}

export const ATTACKS = {
  'random bytes': (open, random) => {
    for (let n = 0; n < 50; n += 1) open().write(bytes(1 + Math.floor(random() * 5_000), random));
  },
  'nearly requests': (open, random) => {
    for (let n = 0; n < 200; n += 1) open().write(Array.from({ length: 3 }, () => nearlyRequest(random)).join(''), 'latin1');
  },
  'requests in single bytes': (open, random) => {
    for (let n = 0; n < 20; n += 1) for (const byte of nearlyRequest(random)) open().write(byte, 'latin1');
  },
  'pipelined requests': (open) => {
    for (const path of ['/v1/products', '/openapi.json', '/metrics', '/health/ready']) {
      for (let n = 0; n < 5; n += 1) open().write(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`.repeat(1_500));
    }
  },
  'half-closed sockets': (open, random) => {
    for (let n = 0; n < 100; n += 1) {
      const request = nearlyRequest(random);
      open().end(request.slice(0, Math.ceil(random() * request.length)), 'latin1');
    }
  },
  'sockets that are reset': (open, random) => {
    for (let n = 0; n < 100; n += 1) {
      const socket = open();
      socket.write(nearlyRequest(random), 'latin1', () => socket.resetAndDestroy());
    }
  },
  'huge headers': (open) => {
    for (let n = 0; n < 20; n += 1) open().write(`GET /v1/products HTTP/1.1\r\n${HOST}X: ${'x'.repeat(1_000_000)}\r\n\r\n`);
    for (let n = 0; n < 20; n += 1) open().write(`GET /v1/products HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100_000)}\r\n`);
    for (let n = 0; n < 20; n += 1) open().write(`GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\n${HOST}\r\n`);
  },
  'bodies without an end': (open) => {
    const head = `POST /v1/auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (let n = 0; n < 20; n += 1) open().write(`${head}${`4000\r\n${'['.repeat(0x4000)}\r\n`.repeat(50)}`);
  },
  'clients that never read': (open) => {
    for (let n = 0; n < 50; n += 1) {
      const socket = open();
      socket.pause();
      socket.write(`GET /docs/swagger-ui-bundle.js HTTP/1.1\r\n${HOST}\r\n`.repeat(10));
    }
  },
  'silent sockets': (open) => {
    for (let n = 0; n < 2_000; n += 1) open();
  },
} as const satisfies Readonly<Record<string, Attack>>;

export type AttackName = keyof typeof ATTACKS;

/** Attacks until the server has ended every socket, or the limit has passed. Returns how many sockets were opened. */
export async function attack(name: AttackName, base: string, random: Random): Promise<number> {
  const { hostname, port } = new URL(base);
  const sockets = new Set<Socket>();
  let opened = 0;
  const open = () => {
    const socket = connect(Number(port), hostname);
    opened += 1;
    sockets.add(socket);
    // Refused, reset and broken connections are what is asked for.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    return socket;
  };
  ATTACKS[name](open, random);
  const endMs = performance.now() + ATTACK_LIMIT_MS;
  while (sockets.size > 0 && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const socket of sockets) socket.destroy();
  return opened;
}
