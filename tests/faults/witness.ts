/**
 * The events that a webhook received while parts were killed, against those that the services have written: none is lost, none comes
 * out of the order of its stream, and a repeated one comes under the same event id.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { eventually } from '../../testkit/eventually.ts';
import { startReceiver } from '../../testkit/fakes/webhook-receiver.ts';
import { metersOf } from '../../testkit/meters.ts';
import { persist } from '../../testkit/persist.ts';
import type { RunningPlatform } from '../../testkit/platform.ts';
import type { Shop } from '../../testkit/shop.ts';

const SECRET = 's'.repeat(32);
// The receiver fails one request of so many.
const FAILED_EVERY = 20;
// Milliseconds from the last fault until every event is delivered.
const DELIVERED_LIMIT_MS = 300_000;
// Each has an outbox that the dispatcher relays to notifications.
const SOURCES = ['users', 'orders', 'payments'];

/** Retries of events for a run of minutes: the first after half a second, then at most five seconds apart. */
export const EVENT_ENV = { WEBHOOK_PRIVATE_ADDRESSES: 'allow', EVENT_RETRY_FIRST_MS: '500', EVENT_RETRY_CAP_MS: '5000' };

export type Witness = Awaited<ReturnType<typeof startWitness>>;

/** An event's place: the order it is about, or the user where there is no order, and its number there. */
type Place = { readonly stream: string; readonly sequence: number };

/** Registers a webhook that fails now and then, and remembers what it accepted. */
export async function startWitness(shop: Shop) {
  const accepted: ({ readonly id: string } & Place)[] = [];
  let requests = 0;
  const receiver = await startReceiver(SECRET, ({ id, order_id, user_id, sequence }, _, response) => {
    requests += 1;
    const ok = requests % FAILED_EVERY !== 0;
    if (ok) accepted.push({ id, stream: order_id || user_id, sequence });
    response.writeHead(ok ? 204 : 500).end();
  });
  const headers = { ...shop.admin, 'Idempotency-Key': randomUUID() };
  const { status } = await persist(() => shop.call('POST', '/webhooks', { url: receiver.url, secret: SECRET }, headers));
  if (status !== 201) throw new Error(`The webhook was answered with ${status}`);

  return {
    close: receiver.close,
    /** Waits until every event is delivered; returns lines to print, and how many things were wrong. */
    async judge(platform: RunningPlatform): Promise<{ readonly lines: readonly string[]; readonly wrong: number }> {
      const written = await allDelivered(platform);
      const { counts, streams } = compare(written, accepted);
      const failed = requests - accepted.length;
      const lines = [
        `Events: ${written.size} of ${streams} orders and users, ${requests} requests, ${failed} of them failed by the receiver:`,
        `  ${counts.lost} lost, ${counts.outOfOrder} out of order, ${counts.strange} that nobody wrote, ${counts.repeated} repeated under the same id`,
      ];
      return { lines, wrong: counts.lost + counts.outOfOrder + counts.strange };
    },
  };
}

function compare(written: ReadonlyMap<string, Place | undefined>, accepted: readonly ({ readonly id: string } & Place)[]) {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  const counts = { repeated: 0, lost: 0, strange: 0, outOfOrder: 0 };
  for (const { id, stream, sequence } of accepted) {
    if (seen.has(id)) {
      counts.repeated += 1;
      continue;
    }
    seen.add(id);
    const place = written.get(id);
    if (place?.stream !== stream || place.sequence !== sequence) counts.strange += 1;
    if (sequence < (last.get(stream) ?? 0)) counts.outOfOrder += 1;
    last.set(stream, sequence);
  }
  for (const id of written.keys()) if (!seen.has(id)) counts.lost += 1;
  return { counts, streams: last.size };
}

/**
 * Every event that the webhook is to receive, by its id, when none of them is pending. An event that its source has written and
 * notifications never accepted has no place: it is lost.
 */
async function allDelivered(platform: RunningPlatform): Promise<ReadonlyMap<string, Place | undefined>> {
  const { postgres = '' } = await metersOf(platform);
  const ask = async <Row extends pg.QueryResultRow>(database: string, sql: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: postgres.replace(/\/postgres$/, `/${database}`) });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const outboxes = <Row extends pg.QueryResultRow>(sql: string) =>
    Promise.all(SOURCES.map((source) => ask<Row>(source, sql))).then((rows) => rows.flat());
  await eventually(
    async () => [
      ...(await outboxes('select id from outbox where relayed_at is null limit 1')),
      ...(await ask('notifications', `select id from deliveries where state = 'pending' limit 1`)),
    ],
    (pending) => pending.length === 0,
    DELIVERED_LIMIT_MS,
  );
  const events = await ask<{ id: string; stream: string; sequence: number; wanted: boolean }>(
    'notifications',
    `select id, stream_id as stream, sequence,
       position > (select after_position from receivers where kind = 'webhook') as wanted from events`,
  );
  const known = new Set(events.map(({ id }) => id));
  const neverAccepted = (await outboxes<{ id: string }>('select id from outbox')).filter(({ id }) => !known.has(id));
  return new Map<string, Place | undefined>([
    ...events.filter(({ wanted }) => wanted).map((event): [string, Place] => [event.id, event]),
    ...neverAccepted.map(({ id }): [string, undefined] => [id, undefined]),
  ]);
}
