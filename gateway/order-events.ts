/**
 * Orders as they change, for whoever listens.
 *
 * OE1 One look per order and gateway at a time and at most one a second, however many listen.
 * OE2 An event's id is a digest of the state that it tells: the same on every gateway and after a restart.
 * OE3 Memory is bounded: listeners are counted, and one that does not read is dropped.
 * OE4 A stream ends after the state that is the saga's last, at the end of its life, and when the gateway stops.
 */
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { Logger } from '../platform/telemetry/logs.ts';
import { isEnd, type OrderReader } from './order-reader.ts';
import { HttpProblem, RETRY_AFTER_S } from './problem.ts';

const LOOK_INTERVAL_MS = 1_000;
// A connection over which nothing comes is closed by what lies between, usually after 30 to 60 s.
const PING_INTERVAL_MS = 15_000;
// As long as the access token that opened it lives at most; the client connects again with a new one.
const LIFE_MS = 900_000;
// Bytes that may wait in our memory for one reader: some hundred events, more than an order ever has.
const UNREAD_MAX_BYTES = 64 * 1024;
// Milliseconds in which a stream that ends must have been read.
const LAST_WORDS_MS = 5_000;
// Milliseconds after which a client whose stream broke connects again.
const RECONNECT_MS = 2_000;

export type OrderState = { readonly id: string; readonly data: string; readonly last: boolean };

type Feed = {
  readonly listeners: Set<(state: OrderState) => void>;
  state: OrderState | undefined;
  lookedAtMs: number;
  looking: Promise<OrderState> | undefined;
  timer: NodeJS.Timeout | undefined;
};

export type OrderEvents = ReturnType<typeof createOrderEvents>;

export function createOrderEvents(options: {
  look(orderId: string, before: OrderState | undefined): Promise<OrderState>;
  readonly streamsMax: number;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
  readonly logger: Logger;
}) {
  const feeds = new Map<string, Feed>();
  const streams = new Set<PassThrough>();
  options.stopping.addEventListener('abort', () => streams.forEach(end), { once: true });

  /** OE1: kept for one interval after the last listener left. */
  function feedOf(orderId: string): Feed {
    const known = feeds.get(orderId);
    if (known) return known;
    const feed: Feed = { listeners: new Set(), state: undefined, lookedAtMs: 0, looking: undefined, timer: undefined };
    feeds.set(orderId, feed);
    return feed;
  }

  /** Only while none is on its way: `current` shares that one, and the timer starts after it. */
  function look(orderId: string, feed: Feed): Promise<OrderState> {
    clearTimeout(feed.timer);
    feed.lookedAtMs = performance.now();
    feed.looking = options
      .look(orderId, feed.state)
      .then((state) => {
        feed.state = state;
        for (const tell of feed.listeners) tell(state);
        return state;
      })
      .finally(() => {
        feed.looking = undefined;
        // Keeps no process that has nothing else to do.
        feed.timer = setTimeout(() => again(orderId, feed), LOOK_INTERVAL_MS).unref();
      });
    return feed.looking;
  }

  function again(orderId: string, feed: Feed): void {
    if (feed.listeners.size === 0 || options.stopping.aborted) feeds.delete(orderId);
    else look(orderId, feed).catch((error: unknown) => options.logger.debug({ error }, 'An order could not be looked at'));
  }

  return {
    /** How the order is, as of a second ago at most. */
    async current(orderId: string): Promise<OrderState> {
      const feed = feedOf(orderId);
      if (feed.looking) return feed.looking;
      if (feed.state && performance.now() - feed.lookedAtMs < LOOK_INTERVAL_MS) return feed.state;
      return look(orderId, feed);
    },

    /** A stream of the order's states from the one given, unless it is the one seen. Throws 503 when there are too many. */
    open(orderId: string, state: OrderState, seenId: string): PassThrough {
      if (streams.size >= options.streamsMax || options.stopping.aborted) throw tooMany();
      const feed = feedOf(orderId);
      const stream = new PassThrough();
      const write = (text: string) => send(stream, text);
      let told = seenId;
      // Only what has changed since is told.
      const tell = (next: OrderState) => {
        if (next.id !== told) write(`id: ${next.id}\nevent: status\ndata: ${next.data}\n\n`);
        told = next.id;
        if (next.last) end(stream);
      };
      const ping = setInterval(() => write(': ping\n\n'), PING_INTERVAL_MS);
      const life = setTimeout(() => end(stream), LIFE_MS);
      streams.add(stream);
      feed.listeners.add(tell);
      stream.on('close', () => {
        clearInterval(ping);
        clearTimeout(life);
        streams.delete(stream);
        feed.listeners.delete(tell);
      });
      // A reader that was dropped; nobody else is to be told.
      stream.on('error', () => undefined);
      write(`retry: ${RECONNECT_MS}\n\n`);
      tell(feed.state ?? state);
      return stream;
    },
  };
}

/** OE3: what is not read within the bound is not kept; the connection breaks and the client comes again. */
function send(stream: PassThrough, text: string): void {
  if (!stream.writable) return;
  if (stream.writableLength + stream.readableLength + text.length > UNREAD_MAX_BYTES) stream.destroy(new Error('Not read'));
  else stream.write(text);
}

/** What was told already is still delivered, to a reader that reads. */
function end(stream: PassThrough): void {
  stream.end();
  setTimeout(() => stream.destroy(), LAST_WORDS_MS).unref();
}

function tooMany(): HttpProblem {
  return new HttpProblem({
    reason: 'unavailable',
    detail: 'Too many streams are open here. Ask for the status instead, or try again.',
    retryAfterS: RETRY_AFTER_S,
  });
}

/** Looks at an order for its listeners. */
export function orderStateReader(orderReader: OrderReader) {
  return async function look(orderId: string, before: OrderState | undefined): Promise<OrderState> {
    const order = await orderReader.order('ourselves', orderId);
    const { json, told } = await orderReader.status(order);
    const data = JSON.stringify(json);
    const last = isEnd(json.saga_state);
    // The record alone is coarser than the workflow: it must not make an order look as if it went back.
    if (!told && !last && before) return before;
    return { id: createHash('sha256').update(data).digest('base64url').slice(0, 22), data, last };
  };
}
