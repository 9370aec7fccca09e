/** A consumer reads the log of events from any place to its end, and misses nothing that is appended meanwhile. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../testkit/eventually.ts';
import {
  accept,
  event,
  happened,
  happenedTo,
  LIMITS,
  listing,
  type NotificationsFixture,
  openNotifications,
  violated,
} from './notifications-fixture.ts';

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications();
});
afterAll(() => fixture.close());

/** Reads on from a cursor until it has so many events; the page size differs from that of the writers. */
async function readUntil(after: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor = after;
  const endMs = performance.now() + 20_000;
  while (ids.length < count && performance.now() < endMs) {
    const page = await fixture.calls.listEvents(listing({ after: cursor, pageSize: 7 }), LIMITS);
    ids.push(...page.events.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  return ids;
}

async function endOfLog(): Promise<string> {
  for (let cursor = ''; ; ) {
    const { events, nextCursor } = await fixture.calls.listEvents(listing({ after: cursor, pageSize: 500 }), LIMITS);
    if (events.length === 0) return nextCursor;
    cursor = nextCursor;
  }
}

test('an empty log has no cursor, and the end of the log has one to come back with', async () => {
  expect(await fixture.calls.listEvents(listing(), LIMITS)).toEqual({ events: [], nextCursor: '' });
  const first = event();
  await accept(fixture.calls, first);
  const page = await fixture.calls.listEvents(listing(), LIMITS);
  expect(page.events).toEqual([{ ...first, sequence: 1 }]);
  const end = await fixture.calls.listEvents(listing({ after: page.nextCursor }), LIMITS);
  expect(end).toEqual({ events: [], nextCursor: page.nextCursor });
  const second = event();
  await accept(fixture.calls, second);
  const next = await fixture.calls.listEvents(listing({ after: end.nextCursor }), LIMITS);
  expect(next.events.map(({ id }) => id)).toEqual([second.id]);
});

test('the events of one order are a list of their own', async () => {
  const order = await happened(fixture.calls, 'order.submitted', 'order.created');
  await happened(fixture.calls, 'order.submitted');
  await happenedTo(fixture.calls, order, 'order.reserved');
  const first = await fixture.calls.listEvents(listing({ orderId: order.id, pageSize: 2 }), LIMITS);
  const last = await fixture.calls.listEvents(listing({ orderId: order.id, after: first.nextCursor }), LIMITS);
  expect([...first.events, ...last.events].map(({ type, sequence }) => [type, sequence])).toEqual([
    ['order.submitted', 1],
    ['order.created', 2],
    ['order.reserved', 3],
  ]);
});

test('readers at the end of the log see every event once while writers append', async () => {
  const cursor = await endOfLog();
  const events = Array.from({ length: 400 }, () => event());
  const readers = [1, 2, 3].map(() => readUntil(cursor, events.length));
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const own = events.filter((_one, n) => n % 8 === writer);
    while (own.length > 0) await accept(fixture.calls, ...own.splice(0, 1 + Math.floor(Math.random() * 5)));
  });
  await Promise.all(writers);
  const read = await Promise.all(readers);
  for (const ids of read) {
    expect(ids).toHaveLength(events.length);
    expect(new Set(ids)).toEqual(new Set(events.map(({ id }) => id)));
    expect(ids).toEqual(read[0]);
  }
  expect(await violated(fixture)).toEqual([]);
});

test('an event whose transaction commits late is not skipped: later ones wait for it', async () => {
  const start = await endOfLog();
  const late = new pg.Client({ connectionString: fixture.url });
  await late.connect();
  try {
    await late.query('begin');
    await late.query('select from event_log for update');
    const accepted = accept(fixture.calls, event());
    await eventually(
      () => fixture.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
      ({ length }) => length === 1,
    );
    const { rows } = await late.query<{ id: string }>(
      `with log as (update event_log set last_position = last_position + 1 returning last_position)
       insert into events (id, position, type, version, user_id, stream_id, sequence, at, facts)
       select gen_random_uuid(), last_position, 'user.registered', 1, id, id, 1, now(), '{}'
       from log, gen_random_uuid() as id returning id`,
    );
    const { events } = await fixture.calls.listEvents(listing({ after: start }), LIMITS);
    expect(events).toEqual([]);
    await late.query('commit');
    await accepted;
    const read = await readUntil(start, 2);
    expect(read[0]).toBe(rows[0]?.id);
    expect(read).toHaveLength(2);
  } finally {
    await late.end();
  }
});

test('accepted events are the effects of the service, oldest first, page by page', async () => {
  const { effects } = await fixture.calls.listEffects({ page: { since: undefined, pageSize: 1_000, cursor: '' } }, LIMITS);
  const { events } = await fixture.calls.listEvents(listing({ pageSize: 500 }), LIMITS);
  expect(effects.slice(0, events.length)).toEqual(
    events.map(({ id, type, orderId, userId, amount }) => ({
      sequence: expect.any(Number),
      kind: type,
      reference: id,
      at: expect.any(Date),
      ...{ orderId, userId, amount },
    })),
  );
  const paged: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await fixture.calls.listEffects({ page: { since: undefined, pageSize: 100, cursor } }, LIMITS);
    paged.push(...page.effects.map(({ reference }) => reference));
    cursor = page.nextCursor;
    if (cursor === '') break;
  }
  expect(paged).toEqual(effects.map(({ reference }) => reference));
  const since = effects.at(-1)?.at;
  const { effects: recent } = await fixture.calls.listEffects({ page: { since, pageSize: 0, cursor: '' } }, LIMITS);
  expect(recent.at(-1)).toEqual(effects.at(-1));
  expect(recent.length).toBeLessThan(effects.length);
});
