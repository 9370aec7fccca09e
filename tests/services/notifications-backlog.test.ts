/** Events wait in the outbox of orders while notifications is down, and a backlog is delivered completely and in order. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDeliveries } from '../../activities/events/deliveries.ts';
import { relay } from '../../activities/events/relay.ts';
import type { Message } from '../../activities/events/sender.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import { eventsOf, type NotificationsFixture, openNotifications, registered, violated } from './notifications-fixture.ts';
import { type OrdersFixture, openOrders, paid } from './orders-fixture.ts';

// Events that wait; docs/claims.md has the figures of 100,000.
const BACKLOG = Number(process.env.BACKLOG_EVENTS ?? 5_000);
// Milliseconds; generous, for a busy machine.
const LIMIT_MS = 60_000 + BACKLOG * 20;
const TYPES = ['order.submitted', 'order.created', 'order.reserved', 'order.paid', 'order.shipped'];

let orders: OrdersFixture;
let notifications: NotificationsFixture;
beforeAll(async () => {
  [orders, notifications] = await Promise.all([openOrders(), openNotifications()]);
});
afterAll(() => Promise.all([orders.close(), notifications.close()]));

async function relayAll(): Promise<number> {
  for (let relayed = 0; ; ) {
    const page = await relay({ outbox: orders.outbox, log: notifications.calls });
    relayed += page.relayed;
    if (!page.more) return relayed;
  }
}

test(
  'a backlog is delivered, each event once to each receiver, in the order of its order',
  async () => {
    const receivers = [await registered(notifications.calls), await registered(notifications.calls)];
    await orders.sql(
      `insert into outbox (id, type, order_id, user_id, amount_minor, currency, facts)
     select gen_random_uuid(), type, order_id, order_id, 100, 'EUR', '{}'
     from (select gen_random_uuid() as order_id from generate_series(1, $1::integer)) as orders,
       unnest($2::text[]) with ordinality as emitted (type, place)
     order by place`,
      [Math.ceil(BACKLOG / TYPES.length), TYPES],
    );
    const startedMs = performance.now();
    const backlog = await relayAll();
    const relayedMs = performance.now();
    const got = new Map<string, string[]>();
    const collect = async ({ event, secret }: Message) => {
      const queue = `${event.orderId} ${secret}`;
      got.set(queue, [...(got.get(queue) ?? []), event.type]);
      return { ok: true } as const;
    };
    const settled = { delivered: 0, failed: 0 };
    const deliveries = createDeliveries({
      calls: notifications.calls,
      senders: { webhook: collect, mail: collect },
      onSettled: (_, result) => {
        settled[result] += 1;
      },
      giveUp: new AbortController().signal,
    });
    for (let claimed = 1; claimed > 0; ) {
      claimed = await deliveries.claim();
      await deliveries.allEnded();
    }
    const endedMs = performance.now();

    expect(backlog).toBeGreaterThanOrEqual(BACKLOG);
    // Of each order two mails: it is paid, and shipped.
    const mails = (backlog / TYPES.length) * 2;
    expect(settled).toEqual({ delivered: backlog * receivers.length + mails, failed: 0 });
    for (const [queue, types] of got) {
      const mail = queue.endsWith(' ');
      expect(types).toEqual(mail ? ['order.paid', 'order.shipped'] : TYPES);
    }
    expect(got.size).toBe((backlog / TYPES.length) * 3);
    expect(await violated(notifications)).toEqual([]);
    const perSecond = (count: number, ms: number) => Math.round(count / (ms / 1_000));
    process.stdout.write(
      `${backlog} events: ${perSecond(backlog, relayedMs - startedMs)} relayed and ` +
        `${perSecond(settled.delivered, endedMs - relayedMs)} deliveries per second\n`,
    );
  },
  LIMIT_MS,
);

test('while the database of notifications is down, orders are placed and paid, and their events wait', async () => {
  await relayAll();
  const before = await paid(orders.calls);
  await notifications.takeDatabaseAway();
  const during = await paid(orders.calls);
  expect(await refusal(relayAll())).toMatchObject({ code: 'UNAVAILABLE' });
  expect((await orders.outbox.listUnrelayed({ limit: 500 }, { deadlineMs: 5_000 })).events).toHaveLength(8);

  await notifications.giveDatabaseBack();
  const relayed = await eventually(
    () => relayAll().catch(() => 0),
    (count) => count > 0,
  );
  expect(relayed).toBe(8);
  for (const { id } of [before, during]) {
    const events = await eventsOf(notifications.calls, id);
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['order.submitted', 1],
      ['order.created', 2],
      ['order.reserved', 3],
      ['order.paid', 4],
    ]);
  }
});
