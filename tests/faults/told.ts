/**
 * What a receiver of events was told while parts were killed, against what orders has told: nothing is lost, nothing comes out
 * of its order's order, and what comes twice comes under the same event id.
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
// Of so many requests the receiver fails one.
const ILL_EVERY = 20;
// Milliseconds until everything was told, after the last fault.
const TOLD_LIMIT_MS = 300_000;

/** Retries of events for a run of minutes: the first after half a second, then at most five seconds apart. */
export const EVENT_ENV = { WEBHOOK_PRIVATE_ADDRESSES: 'allow', EVENT_RETRY_FIRST_MS: '500', EVENT_RETRY_CAP_MS: '5000' };

export type Witness = Awaited<ReturnType<typeof startWitness>>;

/** Registers a webhook that is ill now and then, and remembers what it took. */
export async function startWitness(shop: Shop) {
  const took: { readonly id: string; readonly order_id: string; readonly sequence: number }[] = [];
  let asked = 0;
  const receiver = await startReceiver(SECRET, (event, _, response) => {
    asked += 1;
    const well = asked % ILL_EVERY !== 0;
    if (well) took.push(event);
    response.writeHead(well ? 204 : 500).end();
  });
  const headers = { ...shop.admin, 'Idempotency-Key': randomUUID() };
  const { status } = await persist(() => shop.call('POST', '/webhooks', { url: receiver.url, secret: SECRET }, headers));
  if (status !== 201) throw new Error(`The webhook was answered with ${status}`);

  return {
    close: receiver.close,
    /** Waits until everything was told; answers lines to print, and how many things were wrong. */
    async judge(platform: RunningPlatform): Promise<{ readonly lines: readonly string[]; readonly wrong: number }> {
      const told = await allTold(platform);
      const seen = new Set<string>();
      const last = new Map<string, number>();
      const counts = { twice: 0, lost: 0, strange: 0, outOfOrder: 0 };
      for (const { id, order_id, sequence } of took) {
        if (seen.has(id)) {
          counts.twice += 1;
          continue;
        }
        seen.add(id);
        if (told.get(id) !== `${order_id} ${sequence}`) counts.strange += 1;
        if (sequence < (last.get(order_id) ?? 0)) counts.outOfOrder += 1;
        last.set(order_id, sequence);
      }
      for (const id of told.keys()) if (!seen.has(id)) counts.lost += 1;
      const lines = [
        `Events: ${told.size} of ${last.size} orders, ${asked} requests, ${asked - took.length} of them failed by the receiver:`,
        `  ${counts.lost} lost, ${counts.outOfOrder} out of order, ${counts.strange} that nobody wrote, ${counts.twice} twice under the same id`,
      ];
      return { lines, wrong: counts.lost + counts.outOfOrder + counts.strange };
    },
  };
}

/** What was written, when nothing of it is on its way any more: event id to order and sequence. */
async function allTold(platform: RunningPlatform): Promise<ReadonlyMap<string, string>> {
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
  await eventually(
    async () => [
      ...(await ask('payments', 'select id from outbox where relayed_at is null limit 1')),
      ...(await ask('orders', `select id from event_deliveries where state = 'pending' limit 1`)),
    ],
    (onTheirWay) => onTheirWay.length === 0,
    TOLD_LIMIT_MS,
  );
  const told = await ask<{ id: string; order_id: string; sequence: number }>(
    'orders',
    'select id, order_id, sequence from events',
  );
  const written = new Map(told.map(({ id, order_id, sequence }) => [id, `${order_id} ${sequence}`]));
  // What payments wrote and orders never took in is lost as well.
  for (const { id } of await ask<{ id: string }>('payments', 'select id from outbox')) {
    if (!written.has(id)) written.set(id, 'never taken in');
  }
  return written;
}
