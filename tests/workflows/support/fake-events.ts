/** Notifications, the outboxes of its sources, and users in memory, behind real gRPC. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Source } from '../../../activities/events/dispatch.ts';
import { createGrpcServer, type Handlers, served } from '../../../platform/rpc/server.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { type Event, OutboxServiceService } from '../../../proto/gen/shopfast/events/v1/events.ts';
import {
  DeliveryState,
  NotificationsServiceService,
  type Settlement,
  type SettlementOutcome,
} from '../../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { Role, UsersServiceService } from '../../../proto/gen/shopfast/users/v1/users.ts';
import { serve } from '../../../testkit/fakes/services.ts';

export const SECRET = 's'.repeat(32);

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

/** `webhooks` are URLs that receive everything; with `mail` the mail sender does, too. Failures are retried after `retryMs`. */
export async function startFakeEvents(options: {
  readonly webhooks: readonly string[];
  readonly mail?: boolean;
  readonly retryMs?: number;
}) {
  const { webhooks, mail = false, retryMs = 100 } = options;
  const rows: Row[] = [];
  const kept = new Set<string>();
  const outbox: (Event & { readonly source: Source; relayed: boolean })[] = [];
  const sequences = new Map<string, number>();
  const calls: Record<string, number> = {};
  const down = new Set<Source | 'notifications'>();

  function take(given: Event): void {
    if (kept.has(given.id)) return;
    kept.add(given.id);
    const sequence = (sequences.get(given.orderId) ?? 0) + 1;
    sequences.set(given.orderId, sequence);
    for (const url of mail ? [...webhooks, ''] : webhooks) {
      const event = { ...given, sequence };
      const fresh = { attempts: 0, lastError: '', leaseId: '', leasedUntilMs: 0, dueAtMs: 0 };
      rows.push({ id: randomUUID(), event, url, state: 'pending', ...fresh });
    }
  }

  function claim(limit: number, leaseMs: number): Row[] {
    const now = performance.now();
    const heads = new Map<string, Row>();
    for (const row of rows) {
      const chain = `${row.event.orderId} ${row.url}`;
      if (row.state === 'pending' && !heads.has(chain)) heads.set(chain, row);
    }
    const due = [...heads.values()].filter((row) => row.dueAtMs <= now && row.leasedUntilMs <= now).slice(0, limit);
    for (const row of due) Object.assign(row, { leaseId: randomUUID(), leasedUntilMs: now + leaseMs });
    return due;
  }

  function settle({ deliveryId, leaseId, error, permanent }: Settlement): SettlementOutcome {
    const row = rows.find(({ id }) => id === deliveryId);
    if (!row) return 'SETTLEMENT_OUTCOME_UNKNOWN';
    if (row.leaseId !== leaseId) return 'SETTLEMENT_OUTCOME_LEASE_LOST';
    if (row.leasedUntilMs === 0) return 'SETTLEMENT_OUTCOME_COUNTED';
    const state = error === '' ? 'delivered' : permanent ? 'dead' : 'pending';
    const attempts = row.attempts + 1;
    Object.assign(row, { state, attempts, lastError: error, leasedUntilMs: 0, dueAtMs: performance.now() + retryMs });
    return 'SETTLEMENT_OUTCOME_COUNTED';
  }

  function count(rpc: string): void {
    calls[rpc] = (calls[rpc] ?? 0) + 1;
  }

  async function asked(rpc: string, service: Source | 'notifications' = 'notifications'): Promise<void> {
    count(rpc);
    if (down.has(service)) throw new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: 'down' });
  }
  const outboxOf = (source: Source): Handlers<OutboxServiceService> => ({
    async listUnrelayed({ limit }) {
      await asked('listUnrelayed', source);
      const unrelayed = outbox.filter((event) => event.source === source && !event.relayed);
      return { events: unrelayed.slice(0, limit).map(({ source: _source, relayed: _relayed, ...event }) => event) };
    },
    async markRelayed({ eventIds }) {
      await asked('markRelayed', source);
      for (const event of outbox) event.relayed ||= eventIds.includes(event.id);
      return {};
    },
  });
  const servers = await Promise.all([
    serve(NotificationsServiceService, {
      async acceptEvents({ events }) {
        await asked('acceptEvents');
        for (const event of events) take(event);
        return {};
      },
      async claimDeliveries({ limit, leaseMs }) {
        await asked('claimDeliveries');
        const deliveries = claim(limit, leaseMs).map(({ id, event, url, leaseId, attempts, lastError }) => ({
          delivery: {
            ...{ id, event, attempts, lastError, webhookId: url, state: DeliveryState.DELIVERY_STATE_PENDING },
            ...{ nextAttemptAt: undefined, settledAt: undefined },
          },
          ...{ leaseId, url, secret: url && SECRET },
        }));
        return { deliveries };
      },
      async settleDeliveries({ settlements }) {
        await asked('settleDeliveries');
        return { outcomes: settlements.map(settle) };
      },
    }),
    serve(OutboxServiceService, outboxOf('orders')),
    serve(OutboxServiceService, outboxOf('payments')),
    serveUsers(outboxOf('users'), {
      async getUsers({ userIds }) {
        count('getUsers');
        const person = { name: 'Zoë Private', role: Role.ROLE_CUSTOMER, active: true };
        const times = { createdAt: undefined, updatedAt: undefined };
        return { users: userIds.map((id) => ({ id, email: `${id}@customer.example`, ...person, ...times })) };
      },
    }),
  ]);
  const [notifications = '', orders = '', payments = '', users = ''] = servers.map(({ address }) => address);
  return {
    addresses: {
      NOTIFICATIONS_ADDRESS: notifications,
      ORDERS_ADDRESS: orders,
      PAYMENTS_ADDRESS: payments,
      USERS_ADDRESS: users,
    },
    rows,
    /** How often each call was made. */
    calls,
    /** An event in the log, or in the outbox of a source; answers its id. */
    happen(orderId: string, type: string, source?: Source): string {
      const id = randomUUID();
      const event = { id, type, version: 1, orderId, userId: `user-of-${orderId}`, at: new Date(), facts: {}, sequence: 0 };
      if (source === undefined) take(event);
      else outbox.push({ ...event, source, relayed: false });
      return id;
    },
    unrelayed: () => outbox.filter(({ relayed }) => !relayed).length,
    pending: () => rows.filter(({ state }) => state === 'pending').length,
    /** A service answers UNAVAILABLE, or answers again. */
    setDown(value: boolean, service: Source | 'notifications' = 'notifications') {
      if (value) down.add(service);
      else down.delete(service);
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Users, with its outbox at the same address. */
async function serveUsers(
  { listUnrelayed, markRelayed }: Handlers<OutboxServiceService>,
  { getUsers }: Pick<Handlers<UsersServiceService>, 'getUsers'>,
) {
  const { getUsers: method } = UsersServiceService;
  const server = await createGrpcServer({
    definition: { getUsers: method },
    handlers: { getUsers },
    beside: [served(OutboxServiceService, { listUnrelayed, markRelayed })],
    ...{ host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }), metrics: createMetrics('fake', 'test') },
  });
  return { address: `127.0.0.1:${server.port}`, close: () => server.close() };
}
