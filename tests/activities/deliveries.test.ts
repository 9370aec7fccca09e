/** Deliveries are sent with few calls, and those that share a call do not hold up each other. */
import { afterEach, expect, test } from '@jest/globals';
import { createBatcher } from '../../activities/events/batcher.ts';
import { createDeliveries, type Senders } from '../../activities/events/deliveries.ts';
import { createMailSender } from '../../activities/events/mail-sender.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { eventually } from '../../testkit/eventually.ts';
import { startFakeEvents } from '../workflows/support/fake-events.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** So many paid orders, of which a webhook and the customers get an event. */
async function paid(options: { readonly orders: number; readonly senders?: Partial<Senders> }) {
  const store = await startFakeEvents({ webhooks: ['http://shop.example/'], mail: true });
  for (let nth = 0; nth < options.orders; nth += 1) store.happen(`order-${nth}`, 'order.paid');
  const events = createClient(NotificationsServiceService, { target: store.addresses.NOTIFICATIONS_ADDRESS });
  const users = createClient(UsersServiceService, { target: store.addresses.USERS_ADDRESS });
  closers.push(store.close, events.close, users.close);
  const deliveries = createDeliveries({
    calls: events.calls,
    senders: {
      webhook: async () => ({ ok: true }),
      mail: createMailSender({ users: users.calls, sendMail: async () => {} }),
      ...options.senders,
    },
    onSettled: () => {},
    giveUp: new AbortController().signal,
  });
  return { store, deliveries };
}

test('a claim of 100, half of them mails, costs four calls: the claim, the addresses, and two settlements', async () => {
  const { store, deliveries } = await paid({ orders: 50 });
  expect(await deliveries.claim()).toBe(100);
  await deliveries.allEnded();
  expect(store.pending()).toBe(0);
  // Webhooks need no address, so they are settled before mails are.
  expect(store.calls).toEqual({ claimDeliveries: 1, getUsers: 1, settleDeliveries: 2 });
});

test('a delivery is settled while another is still being sent', async () => {
  const slow = Promise.withResolvers<void>();
  const webhook: Senders['webhook'] = async ({ event }) => {
    if (event.orderId === 'order-0') await slow.promise;
    return { ok: true };
  };
  const { store, deliveries } = await paid({ orders: 5, senders: { webhook } });
  await deliveries.claim();
  await eventually(
    async () => store.pending(),
    (left) => left === 1,
  );
  slow.resolve();
  await deliveries.allEnded();
  expect(store.pending()).toBe(0);
});

test('outcomes are settled again, together, when notifications was down', async () => {
  const mail: Senders['mail'] = async () => ({ ok: true });
  const { store, deliveries } = await paid({ orders: 20, senders: { mail } });
  await deliveries.claim();
  store.setDown(true);
  await eventually(
    async () => store.calls.settleDeliveries ?? 0,
    (asked) => asked >= 2,
  );
  store.setDown(false);
  const asked = store.calls.settleDeliveries ?? 0;
  await deliveries.allEnded();
  expect(store.pending()).toBe(0);
  expect(store.calls.settleDeliveries).toBe(asked + 1);
});

test('a settlement that is unknown or whose lease is lost holds up none of the same call', async () => {
  const mail: Senders['mail'] = async ({ event }) => {
    const row = store.rows.find(({ event: { id }, url }) => id === event.id && url === '');
    if (event.orderId === 'order-0') store.rows.splice(store.rows.indexOf(row ?? fail()), 1);
    if (event.orderId === 'order-1') Object.assign(row ?? fail(), { leaseId: 'another' });
    return event.orderId === 'order-2' ? { ok: false, why: 'not taken', permanent: true } : { ok: true };
  };
  const { store, deliveries } = await paid({ orders: 10, senders: { mail } });
  await deliveries.claim();
  await deliveries.allEnded();
  expect(store.calls.settleDeliveries).toBe(1);
  const mails = store.rows.filter(({ url }) => url === '').map(({ state, lastError }) => `${state} ${lastError}`.trim());
  expect(mails).toEqual(['pending', 'dead not taken', ...Array(7).fill('delivered')]);
});

function fail(): never {
  throw new Error('A delivery was expected');
}

test('more items than a call takes are several calls, and an error concerns only its own call', async () => {
  const calls: (readonly number[])[] = [];
  const ask = createBatcher({
    max: 3,
    async call(items: readonly number[]) {
      calls.push(items);
      if (items.includes(4)) throw new Error('no four');
      return items.length;
    },
  });
  const answers = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map(ask));
  expect(calls).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  expect(answers.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
    ...Array(3).fill(3),
    ...Array(3).fill('failed'),
    1,
  ]);
});
