import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { loadConfig } from '../../platform/config/load.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createClient, type UnaryCalls } from '../../platform/rpc/client.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import {
  type ClaimDeliveriesRequest,
  type ClaimedDelivery,
  type Delivery,
  type ListDeliveriesRequest,
  type ListEventsRequest,
  NotificationsServiceService,
  type RegisterWebhookRequest,
  type Settlement,
  type SettlementOutcome,
} from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { notificationsConfig } from '../../services/notifications/config.ts';
import { startNotifications } from '../../services/notifications/server.ts';
import { createDatabase, testPostgresUrl } from '../../testkit/database.ts';

export const LIMITS = { deadlineMs: 10_000 };

export type NotificationsCalls = UnaryCalls<typeof NotificationsServiceService>;
export type NotificationsFixture = Awaited<ReturnType<typeof openNotifications>>;

/** The real service on a database of its own, and a look into that database. */
export async function openNotifications(environment: Record<string, string> = {}) {
  const database = await createDatabase('notifications');
  const look = new pg.Client({ connectionString: database.url });
  // Tests may take the database away.
  look.on('error', () => {});
  await look.connect();
  const running: Running = await startNotifications(
    loadConfig(notificationsConfig, {
      NOTIFICATIONS_PORT: '0',
      NOTIFICATIONS_HTTP_PORT: '0',
      NOTIFICATIONS_DATABASE_URL: database.url,
      LOG_LEVEL: 'fatal',
      ...environment,
    }),
  );
  const address = `127.0.0.1:${running.listening.grpc}`;
  const client = createClient(NotificationsServiceService, { target: address });
  return {
    calls: client.calls,
    address,
    url: database.url,
    async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await look.query<Row>(text, values)).rows;
    },
    takeDatabaseAway: database.takeAway,
    giveDatabaseBack: () => giveBack(database.url),
    async close() {
      client.close();
      await running.stop();
      await look.end();
      await database.drop();
    },
  };
}

/** Undoes takeDatabaseAway for the service; the look into the database stays closed. */
async function giveBack(url: string): Promise<void> {
  const server = new pg.Client({ connectionString: testPostgresUrl() });
  await server.connect();
  try {
    await server.query(`alter database ${pg.escapeIdentifier(new URL(url).pathname.slice(1))} connection limit -1`);
  } finally {
    await server.end();
  }
}

/** Something that happened to an order of its own, unless given. */
export function event(given: Partial<Event> = {}): Event {
  return {
    id: randomUUID(),
    type: 'order.submitted',
    version: 1,
    orderId: randomUUID(),
    userId: randomUUID(),
    at: new Date('2026-11-01T10:00:00.123Z'),
    amount: { amountMinor: 2_599, currency: 'EUR' },
    facts: { payment_id: randomUUID() },
    sequence: 0,
    ...given,
  };
}

export async function accept(calls: NotificationsCalls, ...events: Event[]): Promise<void> {
  await calls.acceptEvents({ events }, LIMITS);
}

export type Order = { readonly id: string; readonly userId: string };

/** A new order with events of these types. */
export async function happened(calls: NotificationsCalls, ...types: string[]): Promise<Order> {
  const order = { id: randomUUID(), userId: randomUUID() };
  await happenedTo(calls, order, ...types);
  return order;
}

export async function happenedTo(calls: NotificationsCalls, { id, userId }: Order, ...types: string[]): Promise<void> {
  await accept(calls, ...types.map((type) => event({ type, orderId: id, userId })));
}

export function registration(given: Partial<RegisterWebhookRequest> = {}): RegisterWebhookRequest {
  return { idempotencyKey: randomUUID(), url: 'https://shop.example.com/hooks', eventTypes: [], secret: '', ...given };
}

/** The id of a new webhook. */
export async function registered(calls: NotificationsCalls, given: Partial<RegisterWebhookRequest> = {}): Promise<string> {
  const { webhook } = await calls.registerWebhook(registration(given), LIMITS);
  if (!webhook) throw new Error('A webhook was expected');
  return webhook.id;
}

/** The list of all deliveries, unless filters are given. */
export function deliveries(given: Partial<ListDeliveriesRequest> = {}): ListDeliveriesRequest {
  return { state: 'DELIVERY_STATE_UNSPECIFIED', webhookId: '', orderId: '', pageSize: 100, cursor: '', ...given };
}

/** The deliveries to a webhook, oldest first. */
export async function deliveriesTo(
  calls: NotificationsCalls,
  filters: { webhookId: string; orderId?: string },
): Promise<Delivery[]> {
  return (await calls.listDeliveries(deliveries(filters), LIMITS)).deliveries.toReversed();
}

export function listing(given: Partial<ListEventsRequest> = {}): ListEventsRequest {
  return { after: '', pageSize: 0, orderId: '', ...given };
}

export async function eventsOf(calls: NotificationsCalls, orderId: string): Promise<Event[]> {
  return (await calls.listEvents(listing({ orderId, pageSize: 500 }), LIMITS)).events;
}

/** A delivery with its event, which every answer has. */
export type Claimed = ClaimedDelivery & { delivery: Delivery & { event: Event } };

export async function claim(calls: NotificationsCalls, given: Partial<ClaimDeliveriesRequest> = {}): Promise<Claimed[]> {
  const { deliveries: claimed } = await calls.claimDeliveries({ limit: 100, leaseMs: 60_000, ...given }, LIMITS);
  return claimed.map(withEvent);
}

function withEvent(claimed: ClaimedDelivery): Claimed {
  const { delivery } = claimed;
  if (!delivery?.event) throw new Error('A delivery has an event');
  return { ...claimed, delivery: { ...delivery, event: delivery.event } };
}

export function settlement({ delivery, leaseId }: Claimed, given: Partial<Settlement> = {}): Settlement {
  return { deliveryId: delivery.id, leaseId, error: '', permanent: false, ...given };
}

export async function settle(calls: NotificationsCalls, ...settlements: Settlement[]): Promise<SettlementOutcome[]> {
  return (await calls.settleDeliveries({ settlements }, LIMITS)).outcomes;
}

/** Delivers everything that is due, and what is due then, until nothing is; the events that a receiver got, in its order. */
export async function deliverAll(calls: NotificationsCalls, to?: string): Promise<Event[]> {
  const delivered: Event[] = [];
  for (;;) {
    const claimed = await claim(calls);
    if (claimed.length === 0) return delivered;
    await settle(calls, ...claimed.map((one) => settlement(one)));
    for (const { delivery } of claimed) if (to === undefined || delivery.webhookId === to) delivered.push(delivery.event);
  }
}

/** Removes every webhook and delivers the mails that are left. */
export async function clear({ calls }: NotificationsFixture): Promise<void> {
  for (const { id } of (await calls.listWebhooks({}, LIMITS)).webhooks) await calls.removeWebhook({ webhookId: id }, LIMITS);
  await deliverAll(calls);
}

/** Lets the time pass that every delivery waits for, and every lease expire. */
export async function passTime({ sql }: Pick<NotificationsFixture, 'sql'>): Promise<void> {
  await sql(`update delivery_queues set due_at = now() - interval '1 second'`);
}

/** The rules that find something wrong. */
export async function violated({ calls }: NotificationsFixture): Promise<string[]> {
  const { findings } = await calls.audit({}, LIMITS);
  return findings.filter(({ violations }) => violations > 0).map(({ rule }) => rule);
}
