import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { EventsServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import { claim, deliveries, registered, registration, settlement } from './events-fixture.ts';
import { type EventCalls, LIMITS, type OrdersFixture, openOrders, submitted } from './orders-fixture.ts';

const WEBHOOKS_MAX = 20;

let fixture: OrdersFixture;
let events: EventCalls;
beforeAll(async () => {
  fixture = await openOrders();
  events = fixture.events;
});
afterAll(() => fixture.close());

const NOBODY = randomUUID();
const NOT_FOUND = { code: 'NOT_FOUND', reason: 'not_found' } as const;
const INVALID = { code: 'INVALID_ARGUMENT', reason: 'validation_failed' } as const;

const EVENT = {
  id: NOBODY,
  type: 'payment.captured',
  orderId: NOBODY,
  userId: NOBODY,
  at: new Date(),
  amount: undefined,
  facts: {},
  sequence: 0,
};

const SETTLEMENT = { deliveryId: NOBODY, leaseId: NOBODY, error: '', permanent: false };

const accepting = (given: object, field: string, when: string): ErrorRow<EventCalls> => ({
  rpc: 'acceptEvents',
  when,
  given: async () => ({ call: () => events.acceptEvents({ events: [{ ...EVENT, ...given }] }, LIMITS) }),
  ...INVALID,
  fields: [`events.0.${field}`],
});

const ROWS: readonly ErrorRow<EventCalls>[] = [
  {
    rpc: 'registerWebhook',
    when: 'the key was used for another webhook',
    given: async () => {
      const request = registration();
      await events.registerWebhook(request, LIMITS);
      const call = () => events.registerWebhook({ ...request, url: 'https://example.com/other' }, LIMITS);
      return { call, facts: { key: request.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  },
  ...(
    [
      [{ url: 'http://10.0.0.1/' }, 'url', 'the URL is private'],
      [{ secret: 'short' }, 'secret', 'the secret is short'],
      [{ eventTypes: ['order.paid', 'nothing'] }, 'eventTypes.1', 'a type is none'],
      [{ eventTypes: Array(51).fill('order.paid') }, 'eventTypes', 'there are too many types'],
    ] as const
  ).map(
    ([given, field, when]): ErrorRow<EventCalls> => ({
      rpc: 'registerWebhook',
      when,
      given: async () => ({ call: () => events.registerWebhook(registration(given as object), LIMITS) }),
      ...INVALID,
      fields: [field],
    }),
  ),
  {
    rpc: 'registerWebhook',
    when: 'there are as many as may be',
    given: async () => {
      const { webhooks } = await events.listWebhooks({}, LIMITS);
      for (let n = webhooks.length; n < WEBHOOKS_MAX; n += 1) await registered(events);
      return { call: () => registered(events), facts: { webhooks_max: String(WEBHOOKS_MAX) } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'quota_exceeded',
  },
  {
    rpc: 'removeWebhook',
    when: 'there never was one',
    given: async () => ({ call: () => events.removeWebhook({ webhookId: NOBODY }, LIMITS), facts: { webhook_id: NOBODY } }),
    ...NOT_FOUND,
  },
  {
    rpc: 'removeWebhook',
    when: 'it is the sender of notifications',
    given: async () => {
      const [{ id } = { id: '' }] = await fixture.sql<{ id: string }>(
        `select id from event_receivers where kind = 'notifications'`,
      );
      return { call: () => events.removeWebhook({ webhookId: id }, LIMITS), facts: { webhook_id: id } };
    },
    ...NOT_FOUND,
  },
  accepting({ type: 'order.paid' }, 'type', 'it is an event of orders'),
  accepting({ facts: { 'e-mail': 'a' } }, 'facts.e-mail', 'a fact has another name'),
  accepting({ amount: { amountMinor: -1, currency: 'EUR' } }, 'amount.amountMinor', 'the amount is negative'),
  accepting({ amount: { amountMinor: 1, currency: 'euro' } }, 'amount.currency', 'the currency is none'),
  accepting({ at: undefined }, 'at', 'there is no time'),
  {
    rpc: 'acceptEvents',
    when: 'there are too many',
    given: async () => ({ call: () => events.acceptEvents({ events: Array(501).fill(EVENT) }, LIMITS) }),
    ...INVALID,
    fields: ['events'],
  },
  {
    rpc: 'claimDeliveries',
    when: 'too many are asked for, for too long',
    given: async () => ({ call: () => events.claimDeliveries({ limit: 101, leaseMs: 300_001 }, LIMITS) }),
    ...INVALID,
    fields: ['limit', 'leaseMs'],
  },
  {
    rpc: 'settleDelivery',
    when: 'there is no such delivery',
    given: async () => {
      return { call: () => events.settleDelivery(SETTLEMENT, LIMITS), facts: { delivery_id: NOBODY } };
    },
    ...NOT_FOUND,
  },
  {
    rpc: 'settleDeliveries',
    when: 'there are too many',
    given: async () => ({ call: () => events.settleDeliveries({ settlements: Array(101).fill(SETTLEMENT) }, LIMITS) }),
    ...INVALID,
    fields: ['settlements'],
  },
  {
    rpc: 'settleDeliveries',
    when: 'one has no lease',
    given: async () => ({
      call: () => events.settleDeliveries({ settlements: [SETTLEMENT, { ...SETTLEMENT, leaseId: '' }] }, LIMITS),
    }),
    ...INVALID,
    fields: ['settlements.1.leaseId'],
  },
  tamperedCursor('listDeliveries', 'cursor', () => events.listDeliveries(deliveries({ cursor: 'tampered' }), LIMITS)),
  {
    rpc: 'listDeliveries',
    when: 'the cursor is of another list',
    given: async () => {
      await submitted(fixture.calls);
      await submitted(fixture.calls);
      const { nextCursor: cursor } = await events.listDeliveries(deliveries({ pageSize: 1 }), LIMITS);
      const state = 'DELIVERY_STATE_PENDING';
      return { call: () => events.listDeliveries(deliveries({ pageSize: 1, state, cursor }), LIMITS) };
    },
    ...INVALID,
    fields: ['cursor'],
  },
  {
    rpc: 'replayDelivery',
    when: 'there is no such delivery',
    given: async () => ({ call: () => events.replayDelivery({ deliveryId: NOBODY }, LIMITS), facts: { delivery_id: NOBODY } }),
    ...NOT_FOUND,
  },
  {
    rpc: 'replayDelivery',
    when: 'its webhook was removed',
    given: async () => {
      const { webhooks } = await events.listWebhooks({}, LIMITS);
      await events.removeWebhook({ webhookId: webhooks[0]?.id ?? '' }, LIMITS);
      const webhookId = await registered(events);
      await submitted(fixture.calls);
      const claimed = (await claim(events)).filter(({ delivery }) => delivery.webhookId === webhookId);
      for (const one of claimed) await events.settleDelivery(settlement(one), LIMITS);
      await events.removeWebhook({ webhookId }, LIMITS);
      const deliveryId = claimed[0]?.delivery.id ?? '';
      return { call: () => events.replayDelivery({ deliveryId }, LIMITS), facts: { webhook_id: webhookId } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
  },
];

testErrors(ROWS);

testEmptyRequests(EventsServiceService, () => events, {
  registerWebhook: ['idempotencyKey', 'url'],
  listWebhooks: [],
  removeWebhook: ['webhookId'],
  acceptEvents: ['events'],
  claimDeliveries: ['limit', 'leaseMs'],
  settleDelivery: ['deliveryId', 'leaseId'],
  settleDeliveries: ['settlements'],
  listDeliveries: [],
  replayDelivery: ['deliveryId'],
});

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [
    events.registerWebhook(registration(), LIMITS),
    events.listWebhooks({}, LIMITS),
    events.removeWebhook({ webhookId: NOBODY }, LIMITS),
    events.acceptEvents({ events: [EVENT] }, LIMITS),
    events.claimDeliveries({ limit: 1, leaseMs: 1_000 }, LIMITS),
    events.settleDelivery(SETTLEMENT, LIMITS),
    events.settleDeliveries({ settlements: [SETTLEMENT] }, LIMITS),
    events.listDeliveries(deliveries(), LIMITS),
    events.replayDelivery({ deliveryId: NOBODY }, LIMITS),
  ],
);
