import { once } from 'node:events';
import type { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import pino from 'pino';
import { createOrderEvents, type OrderState } from '../../gateway/order-events.ts';
import { eventually } from '../../testkit/eventually.ts';

const logger = pino({ level: 'silent' });
const stateOf = (id: number, size = 10, last = false): OrderState => ({ id: String(id), data: 'x'.repeat(size), last });

/** Events of an order that changes whenever it is looked at. */
function changing(size: number, streamsMax = 10) {
  const stop = new AbortController();
  let looks = 0;
  const events = createOrderEvents({
    async look() {
      looks += 1;
      return stateOf(looks, size);
    },
    streamsMax,
    stopping: stop.signal,
    logger,
  });
  return { events, stop, looks: () => looks };
}

function unread(stream: PassThrough): number {
  return stream.writableLength + stream.readableLength;
}

test('a reader that does not read is dropped with little in memory, and one that reads goes on', async () => {
  const { events, stop } = changing(30_000);
  const first = await events.current('o');
  const [slow, reading] = [events.open('o', first, ''), events.open('o', first, '')];
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
  const { events, stop } = changing(10, 1);
  const first = await events.current('o');
  const stream = events.open('o', first, '');
  expect(() => events.open('o', first, '')).toThrow('Too many streams');
  stream.destroy();
  await once(stream, 'close');
  events.open('o', first, '').destroy();
  stop.abort();
});

test('callers at the same time share one look', async () => {
  const { events, stop, looks } = changing(10);
  await Promise.all(Array.from({ length: 50 }, () => events.current('o')));
  expect(await events.current('o')).toEqual(stateOf(1));
  expect(looks()).toBe(1);
  stop.abort();
});

test('a look that fails ends no stream', async () => {
  const stop = new AbortController();
  let looks = 0;
  const events = createOrderEvents({
    async look() {
      looks += 1;
      if (looks === 2) throw new Error('orders is away');
      return stateOf(looks, 10, looks === 3);
    },
    streamsMax: 1,
    stopping: stop.signal,
    logger,
  });
  const stream = events.open('o', await events.current('o'), '');
  let read = '';
  for await (const bytes of stream) read += String(bytes);
  expect(read.match(/^id: \d+$/gm)).toEqual(['id: 1', 'id: 3']);
  stop.abort();
});
