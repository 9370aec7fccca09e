import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import {
  deliverAll,
  deliveries,
  deliveriesTo,
  event,
  happened,
  LIMITS,
  listing,
  type NotificationsCalls,
  type NotificationsFixture,
  openNotifications,
  registered,
  registration,
} from './notifications-fixture.ts';

const WEBHOOKS_MAX = 20;

let fixture: NotificationsFixture;
let calls: NotificationsCalls;
beforeAll(async () => {
  fixture = await openNotifications();
  calls = fixture.calls;
});
afterAll(() => fixture.close());

const NOBODY = randomUUID();
const NOT_FOUND = { code: 'NOT_FOUND', reason: 'not_found' } as const;
const INVALID = { code: 'INVALID_ARGUMENT', reason: 'validation_failed' } as const;

const EVENT = event();

const SETTLEMENT = { deliveryId: NOBODY, leaseId: NOBODY, error: '', permanent: false };

const accepting = (given: object, field: string, when: string): ErrorRow<NotificationsCalls> => ({
  rpc: 'acceptEvents',
  when,
  given: async () => ({ call: () => calls.acceptEvents({ events: [{ ...EVENT, ...given }] }, LIMITS) }),
  ...INVALID,
  fields: [`events.0.${field}`],
});

const ROWS: readonly ErrorRow<NotificationsCalls>[] = [
  {
    rpc: 'registerWebhook',
    when: 'the key was used for another webhook',
    given: async () => {
      const request = registration();
      await calls.registerWebhook(request, LIMITS);
      const call = () => calls.registerWebhook({ ...request, url: 'https://example.com/other' }, LIMITS);
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
    ([given, field, when]): ErrorRow<NotificationsCalls> => ({
      rpc: 'registerWebhook',
      when,
      given: async () => ({ call: () => calls.registerWebhook(registration(given as object), LIMITS) }),
      ...INVALID,
      fields: [field],
    }),
  ),
  {
    rpc: 'registerWebhook',
    when: 'there are twenty already',
    given: async () => {
      const { webhooks } = await calls.listWebhooks({}, LIMITS);
      for (let n = webhooks.length; n < WEBHOOKS_MAX; n += 1) await registered(calls);
      return { call: () => registered(calls), facts: { webhooks_max: String(WEBHOOKS_MAX) } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'quota_exceeded',
  },
  {
    rpc: 'removeWebhook',
    when: 'there is none',
    given: async () => ({ call: () => calls.removeWebhook({ webhookId: NOBODY }, LIMITS), facts: { webhook_id: NOBODY } }),
    ...NOT_FOUND,
  },
  {
    rpc: 'removeWebhook',
    when: 'it is the mail sender',
    given: async () => {
      const [{ id } = { id: '' }] = await fixture.sql<{ id: string }>(`select id from receivers where kind = 'mail'`);
      return { call: () => calls.removeWebhook({ webhookId: id }, LIMITS), facts: { webhook_id: id } };
    },
    ...NOT_FOUND,
  },
  accepting({ type: 'stock.low' }, 'type', 'the type is none'),
  accepting({ version: 0 }, 'version', 'the version is none'),
  accepting({ orderId: 'o-1' }, 'orderId', 'the order is none'),
  accepting({ userId: '' }, 'userId', 'there is no user'),
  accepting({ facts: { 'e-mail': 'a' } }, 'facts.e-mail', 'a fact has another name'),
  accepting({ amount: { amountMinor: -1, currency: 'EUR' } }, 'amount.amountMinor', 'the amount is negative'),
  accepting({ amount: { amountMinor: 1, currency: 'euro' } }, 'amount.currency', 'the currency is none'),
  accepting({ at: undefined }, 'at', 'there is no time'),
  {
    rpc: 'acceptEvents',
    when: 'there are too many',
    given: async () => ({ call: () => calls.acceptEvents({ events: Array(501).fill(EVENT) }, LIMITS) }),
    ...INVALID,
    fields: ['events'],
  },
  {
    rpc: 'claimDeliveries',
    when: 'the limit and the lease are too large',
    given: async () => ({ call: () => calls.claimDeliveries({ limit: 101, leaseMs: 300_001 }, LIMITS) }),
    ...INVALID,
    fields: ['limit', 'leaseMs'],
  },
  {
    rpc: 'settleDeliveries',
    when: 'there are too many',
    given: async () => ({ call: () => calls.settleDeliveries({ settlements: Array(101).fill(SETTLEMENT) }, LIMITS) }),
    ...INVALID,
    fields: ['settlements'],
  },
  {
    rpc: 'settleDeliveries',
    when: 'one has no lease',
    given: async () => ({
      call: () => calls.settleDeliveries({ settlements: [SETTLEMENT, { ...SETTLEMENT, leaseId: '' }] }, LIMITS),
    }),
    ...INVALID,
    fields: ['settlements.1.leaseId'],
  },
  tamperedCursor('listDeliveries', 'cursor', () => calls.listDeliveries(deliveries({ cursor: 'tampered' }), LIMITS)),
  {
    rpc: 'listDeliveries',
    when: 'the cursor is of another list',
    given: async () => {
      await happened(calls, 'order.paid');
      await happened(calls, 'order.paid');
      const { nextCursor: cursor } = await calls.listDeliveries(deliveries({ pageSize: 1 }), LIMITS);
      const state = 'DELIVERY_STATE_PENDING';
      return { call: () => calls.listDeliveries(deliveries({ pageSize: 1, state, cursor }), LIMITS) };
    },
    ...INVALID,
    fields: ['cursor'],
  },
  tamperedCursor('listEvents', 'after', () => calls.listEvents(listing({ after: 'tampered' }), LIMITS)),
  {
    rpc: 'listEvents',
    when: 'the cursor is of another list',
    given: async () => {
      const { id: orderId } = await happened(calls, 'order.paid');
      const { nextCursor: after } = await calls.listEvents(listing(), LIMITS);
      return { call: () => calls.listEvents(listing({ orderId, after }), LIMITS) };
    },
    ...INVALID,
    fields: ['after'],
  },
  {
    rpc: 'listEvents',
    when: 'the page is too large',
    given: async () => ({ call: () => calls.listEvents(listing({ pageSize: 501 }), LIMITS) }),
    ...INVALID,
    fields: ['pageSize'],
  },
  tamperedCursor('listEffects', 'page.cursor', () =>
    calls.listEffects({ page: { since: undefined, pageSize: 0, cursor: 'tampered' } }, LIMITS),
  ),
  {
    rpc: 'replayDelivery',
    when: 'there is no such delivery',
    given: async () => ({ call: () => calls.replayDelivery({ deliveryId: NOBODY }, LIMITS), facts: { delivery_id: NOBODY } }),
    ...NOT_FOUND,
  },
  {
    rpc: 'replayDelivery',
    when: 'its webhook was removed',
    given: async () => {
      const { webhooks } = await calls.listWebhooks({}, LIMITS);
      await calls.removeWebhook({ webhookId: webhooks[0]?.id ?? '' }, LIMITS);
      const webhookId = await registered(calls);
      await happened(calls, 'order.submitted');
      await deliverAll(calls);
      const [{ id: deliveryId } = { id: '' }] = await deliveriesTo(calls, { webhookId });
      await calls.removeWebhook({ webhookId }, LIMITS);
      return { call: () => calls.replayDelivery({ deliveryId }, LIMITS), facts: { webhook_id: webhookId } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
  },
];

testErrors(ROWS);

testEmptyRequests(NotificationsServiceService, () => calls, {
  registerWebhook: ['idempotencyKey', 'url'],
  listWebhooks: [],
  removeWebhook: ['webhookId'],
  acceptEvents: ['events'],
  claimDeliveries: ['limit', 'leaseMs'],
  settleDeliveries: ['settlements'],
  listDeliveries: [],
  listEvents: [],
  audit: [],
  listEffects: [],
  replayDelivery: ['deliveryId'],
});

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [
    calls.registerWebhook(registration(), LIMITS),
    calls.listWebhooks({}, LIMITS),
    calls.removeWebhook({ webhookId: NOBODY }, LIMITS),
    calls.acceptEvents({ events: [EVENT] }, LIMITS),
    calls.claimDeliveries({ limit: 1, leaseMs: 1_000 }, LIMITS),
    calls.settleDeliveries({ settlements: [SETTLEMENT] }, LIMITS),
    calls.listDeliveries(deliveries(), LIMITS),
    calls.listEvents(listing(), LIMITS),
    calls.listEffects({ page: undefined }, LIMITS),
    calls.audit({}, LIMITS),
    calls.replayDelivery({ deliveryId: NOBODY }, LIMITS),
  ],
);
