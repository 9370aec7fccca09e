/**
 * The states of orders as they change, for event streams.
 *
 * OE1 A gateway reads an order at most once per second, one read at a time, for any number of listeners.
 * OE2 An event's id is a digest of its state: the same on every gateway and after a restart.
 * OE3 Memory is bounded: streams are counted, in total and for each user, and a client that does not read loses its stream.
 * OE4 A stream ends after the last state of the saga, at the end of its life, and when the gateway stops.
 */
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { Logger } from '../../platform/telemetry/logs.ts';
import { overloaded } from '../admission/in-flight.ts';
import { createSlots } from '../admission/slots.ts';
import { isEnd, type OrderReader } from './read.ts';

const READ_INTERVAL_MS = 1_000;
// Proxies close a silent connection, usually after 30 to 60 s.
const PING_INTERVAL_MS = 15_000;
// The longest life of the access token that opened the stream; the client reconnects with a new one.
const LIFE_MS = 900_000;
// Bytes that may wait in memory for one client: some hundred events, more than an order ever has.
const UNREAD_MAX_BYTES = 64 * 1024;
// Milliseconds in which the client must have read a stream that ends.
const FLUSH_LIMIT_MS = 5_000;
// Milliseconds after which a client whose stream broke reconnects.
const RECONNECT_MS = 2_000;

export type OrderState = { readonly id: string; readonly data: string; readonly last: boolean };

type Feed = {
  readonly listeners: Set<(state: OrderState) => void>;
  state: OrderState | undefined;
  readAtMs: number;
  reading: Promise<OrderState> | undefined;
  timer: NodeJS.Timeout | undefined;
};

type FeedOptions = {
  readState(orderId: string, before: OrderState | undefined): Promise<OrderState>;
  readonly streamsMax: number;
  readonly streamsPerUserMax: number;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
  readonly logger: Logger;
};

export type OrderFeed = ReturnType<typeof createOrderFeed>;

export function createOrderFeed({ readState, streamsMax, streamsPerUserMax, stopping, logger }: FeedOptions) {
  const feeds = new Map<string, Feed>();
  const streams = new Set<PassThrough>();
  const userSlots = createSlots(streamsPerUserMax);
  stopping.addEventListener('abort', () => streams.forEach(end), { once: true });

  /** OE1: a feed stays for one interval after its last listener left. */
  function feedOf(orderId: string): Feed {
    const known = feeds.get(orderId);
    if (known) return known;
    const feed: Feed = { listeners: new Set(), state: undefined, readAtMs: 0, reading: undefined, timer: undefined };
    feeds.set(orderId, feed);
    return feed;
  }

  /** Called only while no read is in flight: `current` shares that one, and the timer starts after it. */
  function read(orderId: string, feed: Feed): Promise<OrderState> {
    clearTimeout(feed.timer);
    feed.readAtMs = performance.now();
    feed.reading = readState(orderId, feed.state)
      .then((state) => {
        feed.state = state;
        for (const listener of feed.listeners) listener(state);
        return state;
      })
      .finally(() => {
        feed.reading = undefined;
        // Unreferenced: the timer does not keep the process alive.
        feed.timer = setTimeout(() => readAgain(orderId, feed), READ_INTERVAL_MS).unref();
      });
    return feed.reading;
  }

  function readAgain(orderId: string, feed: Feed): void {
    if (feed.listeners.size === 0 || stopping.aborted) feeds.delete(orderId);
    else read(orderId, feed).catch((error: unknown) => logger.debug({ error }, 'The state of an order could not be read'));
  }

  return {
    /** The order's state, at most one second old. */
    async current(orderId: string): Promise<OrderState> {
      const feed = feedOf(orderId);
      if (feed.reading) return feed.reading;
      if (feed.state && performance.now() - feed.readAtMs < READ_INTERVAL_MS) return feed.state;
      return read(orderId, feed);
    },

    /**
     * A stream of the order's states, beginning with the given one unless the client has seen it. Throws 503 when too many are
     * open, in total or for the user.
     */
    open(orderId: string, state: OrderState, { seenId, userId }: { seenId: string; userId: string }): PassThrough {
      if (streams.size >= streamsMax || stopping.aborted) throw overloaded('Too many event streams are open here.');
      const release = userSlots.take(userId);
      if (!release) throw overloaded('You have too many event streams open.');
      const feed = feedOf(orderId);
      const stream = new PassThrough();
      const listener = eventWriter(stream, seenId);
      const ping = setInterval(() => {
        // OE3: the client has read nothing since the last ping, and nothing more fits on the way to it.
        if (stream.readableLength > 0) stream.destroy(new Error('Not read'));
        else send(stream, ': ping\n\n');
      }, PING_INTERVAL_MS);
      const life = setTimeout(() => end(stream), LIFE_MS);
      streams.add(stream);
      feed.listeners.add(listener);
      stream.on('close', () => {
        clearInterval(ping);
        clearTimeout(life);
        streams.delete(stream);
        release();
        feed.listeners.delete(listener);
      });
      // The client is gone; there is nothing to answer.
      stream.on('error', () => undefined);
      send(stream, `retry: ${RECONNECT_MS}\n\n`);
      listener(feed.state ?? state);
      return stream;
    },
  };
}

/** Writes each state that differs from the one before. OE4 */
function eventWriter(stream: PassThrough, seenId: string): (state: OrderState) => void {
  let sentId = seenId;
  return (state) => {
    if (state.id !== sentId) send(stream, `id: ${state.id}\nevent: status\ndata: ${state.data}\n\n`);
    sentId = state.id;
    if (state.last) end(stream);
  };
}

/** OE3: above the bound the connection is closed, and the client reconnects. */
function send(stream: PassThrough, text: string): void {
  if (!stream.writable) return;
  if (stream.writableLength + stream.readableLength + text.length > UNREAD_MAX_BYTES) stream.destroy(new Error('Not read'));
  else stream.write(text);
}

/** Events that are already in the stream still reach a client that reads. */
function end(stream: PassThrough): void {
  stream.end();
  setTimeout(() => stream.destroy(), FLUSH_LIMIT_MS).unref();
}

/** Reads the state of an order for its feed. */
export function createStateReader(orderReader: OrderReader): FeedOptions['readState'] {
  return async function readState(orderId, before) {
    const order = await orderReader.order('gateway', orderId);
    const { json, complete } = await orderReader.status(order);
    const data = JSON.stringify(json);
    const last = isEnd(json.saga_state);
    // The record has fewer states than the workflow. Without a complete status it could show an earlier state than the last one.
    if (!complete && !last && before) return before;
    return { id: createHash('sha256').update(data).digest('base64url').slice(0, 22), data, last };
  };
}
