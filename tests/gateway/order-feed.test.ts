import { once } from 'node:events';
import type { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import pino from 'pino';
import { createOrderFeed, type OrderState } from '../../gateway/orders/feed.ts';
import { eventually } from '../../testkit/eventually.ts';

const logger = pino({ level: 'silent' });
const stateOf = (id: number, size = 10, last = false): OrderState => ({ id: String(id), data: 'x'.repeat(size), last });

const by = (userId: string) => ({ seenId: '', userId });

/** Events of an order that changes with every read. */
function changing(size: number, { streamsMax = 10, streamsPerUserMax = 10 } = {}) {
  const stop = new AbortController();
  let reads = 0;
  const feed = createOrderFeed({
    async readState() {
      reads += 1;
      return stateOf(reads, size);
    },
    streamsMax,
    streamsPerUserMax,
    stopping: stop.signal,
    logger,
  });
  return { feed, stop, reads: () => reads };
}

function unread(stream: PassThrough): number {
  return stream.writableLength + stream.readableLength;
}

test('a reader that does not read is dropped with little in memory, and one that reads goes on', async () => {
  const { feed, stop } = changing(30_000);
  const first = await feed.current('o');
  const [slow, reading] = [feed.open('o', first, by('a')), feed.open('o', first, by('a'))];
  let read = '';
  reading.on('data', (bytes: Buffer) => {
    read += bytes.toString();
  });
  let most = 0;
  await eventually(
    async () => {
      most = Math.max(most, unread(slow));
      return slow.destroyed;
    },
    (dropped) => dropped,
  );
  expect(most).toBeLessThanOrEqual(64 * 1024);
  expect(unread(slow)).toBeLessThanOrEqual(64 * 1024);
  const seen = read.length;
  await eventually(
    async () => read.length,
    (length) => length > seen,
  );
  expect(reading.destroyed).toBe(false);
  stop.abort();
});

test('a reader that was dropped makes room for another', async () => {
  const { feed, stop } = changing(10, { streamsMax: 1 });
  const first = await feed.current('o');
  const stream = feed.open('o', first, by('a'));
  expect(() => feed.open('o', first, by('a'))).toThrow('Too many event streams');
  stream.destroy();
  await once(stream, 'close');
  feed.open('o', first, by('a')).destroy();
  stop.abort();
});

test('one user has a bounded number of streams, and another one still gets one', async () => {
  const { feed, stop } = changing(10, { streamsPerUserMax: 2 });
  const first = await feed.current('o');
  const [stream] = [feed.open('o', first, by('a')), feed.open('o', first, by('a'))];
  expect(() => feed.open('o', first, by('a'))).toThrow('You have too many event streams');
  feed.open('o', first, by('b'));
  stream.destroy();
  await once(stream, 'close');
  feed.open('o', first, by('a'));
  stop.abort();
});

test('callers at the same time share one read', async () => {
  const { feed, stop, reads } = changing(10);
  await Promise.all(Array.from({ length: 50 }, () => feed.current('o')));
  expect(await feed.current('o')).toEqual(stateOf(1));
  expect(reads()).toBe(1);
  stop.abort();
});

test('a read that fails ends no stream', async () => {
  const stop = new AbortController();
  let reads = 0;
  const feed = createOrderFeed({
    async readState() {
      reads += 1;
      if (reads === 2) throw new Error('orders is away');
      return stateOf(reads, 10, reads === 3);
    },
    streamsMax: 1,
    streamsPerUserMax: 1,
    stopping: stop.signal,
    logger,
  });
  const stream = feed.open('o', await feed.current('o'), by('a'));
  let read = '';
  for await (const bytes of stream) read += String(bytes);
  expect(read.match(/^id: \d+$/gm)).toEqual(['id: 1', 'id: 3']);
  stop.abort();
});
