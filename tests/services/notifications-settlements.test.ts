/** What came of several deliveries, told in one call: each counts, or does not, as it would alone. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { SettleDeliveryRequest } from '../../proto/gen/shopfast/events/v1/events.ts';
import { type Claimed, claim, registered, settlement, toldOf } from './events-fixture.ts';
import { creation, LIMITS, type OrdersFixture, openOrders, submitted } from './orders-fixture.ts';

// What a delivery may fail with, and milliseconds: far more than this file runs, so that time decides nothing.
const ATTEMPTS_MAX = 2;
const FIRST_MS = 1_000_000;

const [COUNTED, LEASE_LOST, UNKNOWN] = [
  'SETTLEMENT_OUTCOME_COUNTED',
  'SETTLEMENT_OUTCOME_LEASE_LOST',
  'SETTLEMENT_OUTCOME_UNKNOWN',
] as const;

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders({ EVENT_ATTEMPTS_MAX: String(ATTEMPTS_MAX), EVENT_RETRY_FIRST_MS: String(FIRST_MS) });
});
afterEach(async () => {
  for (const { id } of (await orders.events.listWebhooks({}, LIMITS)).webhooks) {
    await orders.events.removeWebhook({ webhookId: id }, LIMITS);
  }
});
afterAll(() => orders.close());

async function told(settlements: SettleDeliveryRequest[]) {
  return (await orders.events.settleDeliveries({ settlements }, LIMITS)).outcomes;
}

/** Lets the time pass that the deliveries of an order wait for, and their leases run out. */
async function due(orderId: string): Promise<void> {
  await orders.sql(
    `update event_deliveries set next_attempt_at = now() - interval '1 second',
      leased_until = case when leased_until is not null then now() - interval '1 second' end
     where order_id = $1 and state = 'pending'`,
    [orderId],
  );
}

/** A webhook that is told of orders that are submitted and created, so many of them, each with the first of the two claimed. */
async function begun(count: number) {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted', 'order.created'] });
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const order = await submitted(orders.calls);
    await orders.calls.createOrder(creation(order), LIMITS);
    ids.push(order.id);
  }
  const claimed = new Map((await claimedOf(webhookId)).map((one) => [one.delivery.event.orderId, one]));
  const firsts = ids.map((id) => claimed.get(id) ?? missing());
  return { webhookId, ids, firsts };
}

function missing(): never {
  throw new Error('A delivery was expected');
}

async function claimedOf(webhookId: string): Promise<Claimed[]> {
  return (await claim(orders.events)).filter(({ delivery }) => delivery.webhookId === webhookId);
}

/** What the two deliveries of each order are, oldest first, and in how many milliseconds they are due. */
async function statesOf(orderIds: readonly string[]) {
  const states: Awaited<ReturnType<typeof stateOf>>[] = [];
  for (const id of orderIds) states.push(await stateOf(id));
  return states;
}

function stateOf(orderId: string) {
  return orders.sql<{ state: string; error: string; failures: number; waits: number }>(
    `select delivery.state, delivery.last_error as error, delivery.failures,
       round(extract(epoch from delivery.next_attempt_at - now()) * 1000)::float8 as waits
     from event_deliveries delivery join event_receivers receiver on receiver.id = delivery.receiver_id
     where delivery.order_id = $1 and receiver.kind = 'webhook' and receiver.removed_at is null order by delivery.sequence`,
    [orderId],
  );
}

test('what arrived, failed, failed for the last time or for ever, was taken over and never was, told in one call', async () => {
  const { webhookId, ids, firsts } = await begun(5);
  const [arrives = missing(), fails = missing(), failsAgain = missing(), goes = missing(), late = missing()] = firsts;
  // Two are claimed again: of the one the lease is its own, of the other another's.
  expect(await told([settlement(failsAgain, { error: '500' })])).toEqual([COUNTED]);
  await due(late.delivery.event.orderId);
  await due(failsAgain.delivery.event.orderId);
  const again = await claimedOf(webhookId);
  const second = again.find(({ delivery }) => delivery.id === failsAgain.delivery.id);
  expect(again.map(({ delivery }) => delivery.id).toSorted()).toEqual([failsAgain.delivery.id, late.delivery.id].toSorted());

  const outcomes = await told([
    settlement(late, { error: 'too late' }),
    settlement(fails, { error: '502' }),
    { deliveryId: randomUUID(), leaseId: randomUUID(), error: '', permanent: false },
    settlement(arrives),
    settlement(second ?? missing(), { error: '503' }),
    settlement(goes, { error: '410', permanent: true }),
  ]);
  expect(outcomes).toEqual([LEASE_LOST, COUNTED, UNKNOWN, COUNTED, COUNTED, COUNTED]);

  const states = await statesOf(ids);
  expect(states.map(([first]) => [first?.state, first?.error, first?.failures])).toEqual([
    ['delivered', '', 0],
    ['pending', '502', 1],
    ['dead', '503', 2],
    ['dead', '410', 1],
    ['pending', '', 0],
  ]);
  // What is behind one that failed waits as long as it; what is behind one that is done with is due.
  const waits = states.map(([, behind]) => Math.round((behind?.waits ?? Number.NaN) / FIRST_MS) + 0);
  expect(waits).toEqual([0, 1, 0, 0, 0]);
  const next = await claimedOf(webhookId);
  expect(next.map(({ delivery: { event } }) => `${event.orderId} ${event.type}`).toSorted()).toEqual(
    [arrives, failsAgain, goes].map(({ delivery }) => `${delivery.event.orderId} order.created`).toSorted(),
  );
  // At one time: by one statement.
  const [row] = await orders.sql<{ times: number }>(
    `select count(distinct settled_at)::integer as times from event_deliveries where id = any ($1)`,
    [[arrives, failsAgain, goes].map(({ delivery }) => delivery.id)],
  );
  expect(row?.times).toBe(1);
});

test('as many as a claim gives out are settled in one call, and told again they count as they did', async () => {
  const { webhookId, firsts } = await begun(30);
  const all = firsts.map((one) => settlement(one));
  expect(await told(all)).toEqual(Array(30).fill(COUNTED));
  expect(await told(all.map((one) => ({ ...one, error: 'it failed after all' })))).toEqual(Array(30).fill(COUNTED));
  const delivered = (await toldOf(orders.events, { webhookId })).filter(({ event }) => event?.type === 'order.submitted');
  expect(delivered.map(({ state, attempts, lastError }) => [state, attempts, lastError])).toEqual(
    Array(30).fill(['DELIVERY_STATE_DELIVERED', 1, '']),
  );
});

test('of two that contradict each other under one lease the first counts, and of two leases the one that holds', async () => {
  const { webhookId, ids, firsts } = await begun(2);
  const [twice = missing(), lost = missing()] = firsts;
  await due(lost.delivery.event.orderId);
  const held = (await claimedOf(webhookId)).find(({ delivery }) => delivery.id === lost.delivery.id);
  const outcomes = await told([
    settlement(twice, { error: '500' }),
    settlement(lost, { error: 'too late' }),
    settlement(twice),
    settlement(held ?? missing()),
  ]);
  expect(outcomes).toEqual([COUNTED, LEASE_LOST, COUNTED, COUNTED]);
  const states = await statesOf(ids);
  expect(states.map(([first]) => [first?.state, first?.error])).toEqual([
    ['pending', '500'],
    ['delivered', ''],
  ]);
});

test('settlements and claims of many at once settle everything once', async () => {
  const { webhookId, firsts } = await begun(20);
  const batches = [firsts.slice(0, 10), firsts.slice(5, 15), firsts.slice(10, 20), firsts.toReversed()];
  const outcomes = await Promise.all([
    ...batches.map((batch) => told(batch.map((one) => settlement(one)))),
    ...Array.from({ length: 4 }, async () => (await claimedOf(webhookId)).map(() => COUNTED)),
  ]);
  expect(new Set(outcomes.flat())).toEqual(new Set([COUNTED]));
  const submittedOnes = (await toldOf(orders.events, { webhookId })).filter(({ event }) => event?.type === 'order.submitted');
  expect(submittedOnes.map(({ state, attempts }) => [state, attempts])).toEqual(Array(20).fill(['DELIVERY_STATE_DELIVERED', 1]));
});
