/** Notifications, the outboxes of its sources, and users in memory, behind real gRPC. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Source } from '../../../activities/events/dispatch.ts';
import { createGrpcServer, type Handlers, served } from '../../../platform/rpc/server.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { type Event, OutboxServiceService } from '../../../proto/gen/shopfast/events/v1/events.ts';
import {
  type ClaimedDelivery,
  DeliveryState,
  NotificationsServiceService,
  type Settlement,
  type SettlementOutcome,
} from '../../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { Role, UsersServiceService } from '../../../proto/gen/shopfast/users/v1/users.ts';
import { serve } from '../../../testkit/fakes/services.ts';

export const SECRET = 's'.repeat(32);

type Service = Source | 'notifications';

type Row = {
  readonly id: string;
  readonly event: Event;
  readonly url: string;
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  lastError: string;
  leaseId: string;
  leasedUntilMs: number;
  dueAtMs: number;
};

type Options = { readonly webhooks: readonly string[]; readonly mail?: boolean; readonly retryMs?: number };

/** Deliveries in memory. */
class FakeDeliveries {
  readonly rows: Row[] = [];
  readonly #options: Options;
  readonly #known = new Set<string>();
  readonly #sequences = new Map<string, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  accept(emitted: Event): void {
    if (this.#known.has(emitted.id)) return;
    this.#known.add(emitted.id);
    const sequence = (this.#sequences.get(emitted.orderId) ?? 0) + 1;
    this.#sequences.set(emitted.orderId, sequence);
    const { webhooks, mail = false } = this.#options;
    for (const url of mail ? [...webhooks, ''] : webhooks) {
      const event = { ...emitted, sequence };
      const fresh = { attempts: 0, lastError: '', leaseId: '', leasedUntilMs: 0, dueAtMs: 0 };
      this.rows.push({ id: randomUUID(), event, url, state: 'pending', ...fresh });
    }
  }

  claim({ limit, leaseMs }: { readonly limit: number; readonly leaseMs: number }): ClaimedDelivery[] {
    const now = performance.now();
    const heads = new Map<string, Row>();
    for (const row of this.rows) {
      const queue = `${row.event.orderId} ${row.url}`;
      if (row.state === 'pending' && !heads.has(queue)) heads.set(queue, row);
    }
    const due = [...heads.values()].filter((row) => row.dueAtMs <= now && row.leasedUntilMs <= now).slice(0, limit);
    for (const row of due) Object.assign(row, { leaseId: randomUUID(), leasedUntilMs: now + leaseMs });
    return due.map(({ id, event, url, leaseId, attempts, lastError }) => ({
      delivery: {
        ...{ id, event, attempts, lastError, webhookId: url, state: DeliveryState.DELIVERY_STATE_PENDING },
        ...{ nextAttemptAt: undefined, settledAt: undefined },
      },
      ...{ leaseId, url, secret: url && SECRET },
    }));
  }

  settle({ deliveryId, leaseId, error, permanent }: Settlement): SettlementOutcome {
    const row = this.rows.find(({ id }) => id === deliveryId);
    if (!row) return 'SETTLEMENT_OUTCOME_UNKNOWN';
    if (row.leaseId !== leaseId) return 'SETTLEMENT_OUTCOME_LEASE_LOST';
    if (row.leasedUntilMs === 0) return 'SETTLEMENT_OUTCOME_COUNTED';
    const state = error === '' ? 'delivered' : permanent ? 'dead' : 'pending';
    const dueAtMs = performance.now() + (this.#options.retryMs ?? 100);
    Object.assign(row, { state, attempts: row.attempts + 1, lastError: error, leasedUntilMs: 0, dueAtMs });
    return 'SETTLEMENT_OUTCOME_COUNTED';
  }
}

/** `webhooks` are URLs that receive everything; with `mail` the mail sender does, too. Failures are retried after `retryMs`. */
export async function startFakeEvents(options: Options) {
  const deliveries = new FakeDeliveries(options);
  const outbox: { readonly event: Event; readonly source: Source; relayed: boolean }[] = [];
  const calls: Record<string, number> = {};
  const down = new Set<Service>();

  /** Counts the call; throws while the service is down. */
  function called(rpc: string, service: Service = 'notifications'): void {
    calls[rpc] = (calls[rpc] ?? 0) + 1;
    if (down.has(service)) throw new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' });
  }
  const outboxOf = (source: Source): Handlers<OutboxServiceService> => ({
    async listUnrelayed({ limit }) {
      called('listUnrelayed', source);
      const unrelayed = outbox.filter((row) => row.source === source && !row.relayed);
      return { events: unrelayed.slice(0, limit).map(({ event }) => event) };
    },
    async markRelayed({ eventIds }) {
      called('markRelayed', source);
      for (const row of outbox) row.relayed ||= eventIds.includes(row.event.id);
      return {};
    },
  });
  const servers = await Promise.all([
    serve(NotificationsServiceService, notificationsOf(deliveries, called)),
    serve(OutboxServiceService, outboxOf('orders')),
    serve(OutboxServiceService, outboxOf('payments')),
    serveUsers(outboxOf('users'), () => called('getUsers', 'users')),
  ]);
  const [notifications = '', orders = '', payments = '', users = ''] = servers.map(({ address }) => address);
  return {
    addresses: {
      NOTIFICATIONS_ADDRESS: notifications,
      ORDERS_ADDRESS: orders,
      PAYMENTS_ADDRESS: payments,
      USERS_ADDRESS: users,
    },
    rows: deliveries.rows,
    /** How often each call was made. */
    calls,
    /** An event in the log, or in the outbox of a source; answers its id. */
    happen(orderId: string, type: string, source?: Source): string {
      const id = randomUUID();
      const event = { id, type, version: 1, orderId, userId: `user-of-${orderId}`, at: new Date(), facts: {}, sequence: 0 };
      if (source === undefined) deliveries.accept(event);
      else outbox.push({ event, source, relayed: false });
      return id;
    },
    unrelayed: () => outbox.filter(({ relayed }) => !relayed).length,
    pending: () => deliveries.rows.filter(({ state }) => state === 'pending').length,
    /** A service answers UNAVAILABLE, or answers again. */
    setDown(value: boolean, service: Service = 'notifications') {
      if (value) down.add(service);
      else down.delete(service);
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

function notificationsOf(
  deliveries: FakeDeliveries,
  called: (rpc: string) => void,
): Partial<Handlers<NotificationsServiceService>> {
  return {
    async acceptEvents({ events }) {
      called('acceptEvents');
      for (const event of events) deliveries.accept(event);
      return {};
    },
    async claimDeliveries(request) {
      called('claimDeliveries');
      return { deliveries: deliveries.claim(request) };
    },
    async settleDeliveries({ settlements }) {
      called('settleDeliveries');
      return { outcomes: settlements.map((settlement) => deliveries.settle(settlement)) };
    },
  };
}

/** Users, with its outbox at the same address. */
async function serveUsers({ listUnrelayed, markRelayed }: Handlers<OutboxServiceService>, called: () => void) {
  const { getUsers } = UsersServiceService;
  const person = { name: 'Zoë Private', role: Role.ROLE_CUSTOMER, active: true };
  const times = { createdAt: undefined, updatedAt: undefined };
  const server = await createGrpcServer({
    definition: { getUsers },
    handlers: {
      async getUsers({ userIds }) {
        called();
        return { users: userIds.map((id) => ({ id, email: `${id}@customer.example`, ...person, ...times })) };
      },
    },
    alsoServe: [served(OutboxServiceService, { listUnrelayed, markRelayed })],
    ...{ host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }), metrics: createMetrics('fake', 'test') },
  });
  return { address: `127.0.0.1:${server.port}`, close: () => server.close() };
}
