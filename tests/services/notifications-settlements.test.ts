/** Several outcomes in one call: each counts, or does not, on its own. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  type Claimed,
  claim,
  clear,
  deliveriesTo,
  happened,
  type NotificationsFixture,
  openNotifications,
  registered,
  settle,
  settlement,
  violated,
} from './notifications-fixture.ts';

// Failures after which a delivery is dead, and milliseconds: far more than this file runs, so that time decides nothing.
const ATTEMPTS_MAX = 2;
const FIRST_MS = 1_000_000;

const [COUNTED, LEASE_LOST, UNKNOWN] = [
  'SETTLEMENT_OUTCOME_COUNTED',
  'SETTLEMENT_OUTCOME_LEASE_LOST',
  'SETTLEMENT_OUTCOME_UNKNOWN',
] as const;

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications({ EVENT_ATTEMPTS_MAX: String(ATTEMPTS_MAX), EVENT_RETRY_FIRST_MS: String(FIRST_MS) });
});
afterEach(async () => {
  await clear(fixture);
  expect(await violated(fixture)).toEqual([]);
});
afterAll(() => fixture.close());

/** Lets the time pass that the deliveries of an order wait for, and their leases expire. */
async function due(orderId: string): Promise<void> {
  await fixture.sql(`update delivery_queues set due_at = now() - interval '1 second' where stream_id = $1`, [orderId]);
}

/** A webhook and so many orders with two events each, of which the first is claimed. */
async function begun(count: number) {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted', 'order.created'] });
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await happened(fixture.calls, 'order.submitted', 'order.created')).id);
  }
  const claimed = new Map((await claimedOf(webhookId)).map((one) => [one.delivery.event.orderId, one]));
  const firsts = ids.map((id) => claimed.get(id) ?? missing());
  return { webhookId, ids, firsts };
}

function missing(): never {
  throw new Error('A delivery was expected');
}

async function claimedOf(webhookId: string): Promise<Claimed[]> {
  return (await claim(fixture.calls)).filter(({ delivery }) => delivery.webhookId === webhookId);
}

/** The two deliveries of each order, oldest first, and in how many milliseconds they are due. */
async function statesOf(orderIds: readonly string[]) {
  const states: Awaited<ReturnType<typeof stateOf>>[] = [];
  for (const id of orderIds) states.push(await stateOf(id));
  return states;
}

function stateOf(orderId: string) {
  return fixture.sql<{ state: string; error: string; failures: number; waits: number }>(
    `select delivery.state, delivery.last_error as error, delivery.failures,
       round(extract(epoch from queue.due_at - now()) * 1000)::float8 as waits
     from deliveries delivery join receivers receiver on receiver.id = delivery.receiver_id
     left join delivery_queues queue on queue.receiver_id = receiver.id and queue.stream_id = delivery.stream_id
     where delivery.stream_id = $1 and receiver.kind = 'webhook' and receiver.until_position is null order by delivery.sequence`,
    [orderId],
  );
}

test('one call settles deliveries that arrived, failed, failed for the last time or permanently, were taken over and are unknown', async () => {
  const { webhookId, ids, firsts } = await begun(5);
  const [arrives = missing(), fails = missing(), failsAgain = missing(), goes = missing(), late = missing()] = firsts;
  // Two are claimed again: one is settled under its new lease, the other under its old one.
  expect(await settle(fixture.calls, settlement(failsAgain, { error: '500' }))).toEqual([COUNTED]);
  await due(late.delivery.event.orderId);
  await due(failsAgain.delivery.event.orderId);
  const again = await claimedOf(webhookId);
  const second = again.find(({ delivery }) => delivery.id === failsAgain.delivery.id);
  expect(again.map(({ delivery }) => delivery.id).toSorted()).toEqual([failsAgain.delivery.id, late.delivery.id].toSorted());

  const outcomes = await settle(
    fixture.calls,
    settlement(late, { error: 'too late' }),
    settlement(fails, { error: '502' }),
    { deliveryId: randomUUID(), leaseId: randomUUID(), error: '', permanent: false },
    settlement(arrives),
    settlement(second ?? missing(), { error: '503' }),
    settlement(goes, { error: '410', permanent: true }),
  );
  expect(outcomes).toEqual([LEASE_LOST, COUNTED, UNKNOWN, COUNTED, COUNTED, COUNTED]);

  const states = await statesOf(ids);
  expect(states.map(([first]) => [first?.state, first?.error, first?.failures])).toEqual([
    ['delivered', '', 0],
    ['pending', '502', 1],
    ['dead', '503', 2],
    ['dead', '410', 1],
    ['pending', '', 0],
  ]);
  // The delivery behind a failed one waits as long as that; behind a settled one it is due.
  const waits = states.map(([, behind]) => Math.round((behind?.waits ?? Number.NaN) / FIRST_MS) + 0);
  expect(waits).toEqual([0, 1, 0, 0, 0]);
  const next = await claimedOf(webhookId);
  expect(next.map(({ delivery: { event } }) => `${event.orderId} ${event.type}`).toSorted()).toEqual(
    [arrives, failsAgain, goes].map(({ delivery }) => `${delivery.event.orderId} order.created`).toSorted(),
  );
  // By one statement.
  const [row] = await fixture.sql<{ times: number }>(
    `select count(distinct settled_at)::integer as times from deliveries where id = any ($1)`,
    [[arrives, failsAgain, goes].map(({ delivery }) => delivery.id)],
  );
  expect(row?.times).toBe(1);
});

test('a complete claim is settled in one call, and repeated settlements count as before', async () => {
  const { webhookId, firsts } = await begun(30);
  const all = firsts.map((one) => settlement(one));
  expect(await settle(fixture.calls, ...all)).toEqual(Array(30).fill(COUNTED));
  expect(await settle(fixture.calls, ...all.map((one) => ({ ...one, error: 'it failed after all' })))).toEqual(
    Array(30).fill(COUNTED),
  );
  const delivered = (await deliveriesTo(fixture.calls, { webhookId })).filter(({ event }) => event?.type === 'order.submitted');
  expect(delivered.map(({ state, attempts, lastError }) => [state, attempts, lastError])).toEqual(
    Array(30).fill(['DELIVERY_STATE_DELIVERED', 1, '']),
  );
});

test('of two contradicting settlements under one lease the first counts, and of two leases the one that is held', async () => {
  const { webhookId, ids, firsts } = await begun(2);
  const [twice = missing(), lost = missing()] = firsts;
  await due(lost.delivery.event.orderId);
  const held = (await claimedOf(webhookId)).find(({ delivery }) => delivery.id === lost.delivery.id);
  const outcomes = await settle(
    fixture.calls,
    settlement(twice, { error: '500' }),
    settlement(lost, { error: 'too late' }),
    settlement(twice),
    settlement(held ?? missing()),
  );
  expect(outcomes).toEqual([COUNTED, LEASE_LOST, COUNTED, COUNTED]);
  const states = await statesOf(ids);
  expect(states.map(([first]) => [first?.state, first?.error])).toEqual([
    ['pending', '500'],
    ['delivered', ''],
  ]);
});

test('concurrent settlements and claims settle everything once', async () => {
  const { webhookId, firsts } = await begun(20);
  const batches = [firsts.slice(0, 10), firsts.slice(5, 15), firsts.slice(10, 20), firsts.toReversed()];
  const outcomes = await Promise.all([
    ...batches.map((batch) => settle(fixture.calls, ...batch.map((one) => settlement(one)))),
    ...Array.from({ length: 4 }, async () => (await claimedOf(webhookId)).map(() => COUNTED)),
  ]);
  expect(new Set(outcomes.flat())).toEqual(new Set([COUNTED]));
  const submittedOnes = (await deliveriesTo(fixture.calls, { webhookId })).filter(
    ({ event }) => event?.type === 'order.submitted',
  );
  expect(submittedOnes.map(({ state, attempts }) => [state, attempts])).toEqual(Array(20).fill(['DELIVERY_STATE_DELIVERED', 1]));
});
