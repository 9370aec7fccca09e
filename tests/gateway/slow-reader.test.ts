/**
 * A reader of events that stops reading, on a real socket. It is one of the file system's: over TCP the kernel alone would take
 * four million bytes before anybody noticed.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Router } from '@koa/router';
import Koa from 'koa';
import pino from 'pino';
import { limitInFlight } from '../../gateway/admission/in-flight.ts';
import type { State } from '../../gateway/http/context.ts';
import { problemErrors } from '../../gateway/http/middleware/problem-errors.ts';
import { serve } from '../../gateway/http/route.ts';
import { identifyCaller } from '../../gateway/identity/identify-caller.ts';
import { createOrderFeed, type OrderFeed } from '../../gateway/orders/feed.ts';
import type { OrderReader } from '../../gateway/orders/read.ts';
import { streamOrderEvents } from '../../gateway/orders/stream.ts';
import { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { eventually } from '../../testkit/eventually.ts';

const ORDER = randomUUID();
const REQUEST = { path: `/v1/orders/${ORDER}/events`, headers: { Authorization: 'Bearer token' } };
// Bytes of an event here: what the kernel keeps of a socket, 208 KiB, is full after some seconds. A real one has 300.
const EVENT_BYTES = 60_000;
// Bytes that are kept for one reader: the gateway's bound, and the same again on its way to the socket, exceeded by one event.
const KEPT_MAX_BYTES = 2 * 64 * 1024 + EVENT_BYTES;
const DROP_LIMIT_MS = 30_000;

const logger = pino({ level: 'silent' });

let server: Server;
let socketPath: string;
let stop: AbortController;
let streams: { readonly stream: PassThrough; readonly response: ServerResponse }[];

beforeEach(async () => {
  stop = new AbortController();
  streams = [];
  socketPath = join(tmpdir(), `slow-reader-${randomUUID()}.sock`);
  let reads = 0;
  const orderFeed = createOrderFeed({
    async readState() {
      reads += 1;
      return { id: String(reads), data: 'x'.repeat(EVENT_BYTES), last: false };
    },
    streamsMax: 2,
    streamsPerUserMax: 2,
    stopping: stop.signal,
    logger,
  });
  const handle = gateway(orderFeed).callback();
  server = createServer((request, response) => void handle(request, response));
  server.listen(socketPath);
  await once(server, 'listening');
});

afterEach(async () => {
  stop.abort();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The gateway's own route and what stands before it, in front of an order that changes with every read. */
function gateway(orderFeed: OrderFeed): Koa<State> {
  const router = new Router<State>();
  const app = new Koa<State>();
  app.use(problemErrors(logger));
  app.use(limitInFlight(10));
  app.use(identifyCaller(async () => ({ userId: ORDER, role: 'customer' })));
  app.use(async (ctx, next) => {
    await next();
    const { body, res } = ctx;
    if (isStream(body)) streams.push({ stream: body, response: res });
  });
  app.use(router.routes());
  app.on('error', () => undefined);
  const orderReader: OrderReader = {
    order: async (_, id) => Order.fromPartial({ id }),
    status: () => Promise.reject(new Error('The route does not ask for it')),
  };
  serve(router, streamOrderEvents.operation, streamOrderEvents.handler({ orderFeed, orderReader }));
  return app;
}

function isStream(body: unknown): body is PassThrough {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

/** A client that asks for the events, reads the first bytes and then nothing more, without going away. */
async function openAndStopReading(): Promise<Socket> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  socket.write(`GET ${REQUEST.path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${REQUEST.headers.Authorization}\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  return socket;
}

/** A client that reads; its stream is open as long as it does. */
async function ask(): Promise<IncomingMessage> {
  const request = get({ socketPath, ...REQUEST });
  const [response]: IncomingMessage[] = await once(request, 'response');
  if (!response) throw new Error('An answer was expected');
  response.resume();
  return response;
}

test('a reader that stops reading is dropped with little in memory and gives its place free; one that reads stays', async () => {
  const reading = await ask();
  const socket = await openAndStopReading();
  const [fast, slow] = streams;
  if (!fast || !slow) throw new Error('Two streams were expected');
  expect((await ask()).statusCode).toBe(503);

  let most = 0;
  await eventually(
    async () => {
      most = Math.max(most, kept(slow));
      return slow.stream.destroyed;
    },
    (dropped) => dropped,
    DROP_LIMIT_MS,
  );

  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(KEPT_MAX_BYTES);
  // It has not read, so it cannot have noticed, and has not gone away by itself.
  expect(socket.destroyed).toBe(false);
  expect(fast.stream.destroyed).toBe(false);
  const next = await eventually(ask, ({ statusCode }) => statusCode === 200);
  // The connections of the two that read are left.
  await eventually(connections, (open) => open === 2);
  for (const response of [reading, next]) response.destroy();
  socket.destroy();
});

function kept({ stream, response }: (typeof streams)[number]): number {
  return stream.writableLength + stream.readableLength + response.writableLength;
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => server.getConnections((error, open) => (error ? reject(error) : resolve(open))));
}
