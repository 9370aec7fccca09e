/** Deliveries are claimed, settled, retried, given up and replayed; by several callers at the same time. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Delivery } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import {
  claim,
  clear,
  deliverAll,
  deliveries,
  deliveriesTo,
  happened,
  happenedTo,
  LIMITS,
  type NotificationsFixture,
  openNotifications,
  passTime,
  registered,
  settle,
  settlement,
  violated,
} from './notifications-fixture.ts';

// Failures after which a delivery is dead, and milliseconds: far more than this file runs, so that time decides nothing.
const ATTEMPTS_MAX = 3;
const FIRST_MS = 1_000_000;
const CAP_MS = 1_500_000;

const [COUNTED, LEASE_LOST] = ['SETTLEMENT_OUTCOME_COUNTED', 'SETTLEMENT_OUTCOME_LEASE_LOST'] as const;
const PAID = ['order.submitted', 'order.created', 'order.reserved', 'order.paid'];

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications({
    EVENT_ATTEMPTS_MAX: String(ATTEMPTS_MAX),
    EVENT_RETRY_FIRST_MS: String(FIRST_MS),
    EVENT_RETRY_CAP_MS: String(CAP_MS),
  });
});
afterEach(async () => {
  await passTime(fixture);
  await clear(fixture);
  expect(await violated(fixture)).toEqual([]);
});
afterAll(() => fixture.close());

/** A new order that was submitted. */
function submitted() {
  return happened(fixture.calls, 'order.submitted');
}

/** The one delivery that a webhook gets now. */
async function next(webhookId: string) {
  const [only, ...others] = (await claim(fixture.calls)).filter(({ delivery }) => delivery.webhookId === webhookId);
  if (!only || others.length > 0) throw new Error(`One delivery was expected, not ${others.length + (only ? 1 : 0)}`);
  return only;
}

async function waitsMs({ id }: Delivery): Promise<number> {
  const [row] = await fixture.sql<{ ms: number }>(
    `select round(extract(epoch from due_at - now()) * 1000)::float8 as ms from delivery_queues join deliveries using (receiver_id, stream_id) where deliveries.id = $1`,
    [id],
  );
  return row?.ms ?? Number.NaN;
}

test('twenty concurrent callers claim each delivery once, and never two of one order and receiver at the same time', async () => {
  const webhookIds = [await registered(fixture.calls), await registered(fixture.calls)];
  const placed = await Promise.all(Array.from({ length: 10 }, () => happened(fixture.calls, ...PAID)));
  const out = new Map<string, number>();
  let claims = 0;
  async function work(): Promise<void> {
    for (let idle = 0; idle < 20; ) {
      const claimed = await claim(fixture.calls, { limit: 3 });
      idle = claimed.length === 0 ? idle + 1 : 0;
      for (const { delivery } of claimed) {
        const pair = `${delivery.webhookId} ${delivery.event.orderId}`;
        expect(out.get(pair) ?? 0).toBe(0);
        out.set(pair, 1);
        claims += 1;
      }
      for (const one of claimed) {
        out.set(`${one.delivery.webhookId} ${one.delivery.event.orderId}`, 0);
        expect(await settle(fixture.calls, settlement(one))).toEqual([COUNTED]);
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, work));

  // Four events of each order to each webhook, and a mail of each paid order.
  expect(claims).toBe(placed.length * (4 * webhookIds.length + 1));
  for (const webhookId of webhookIds) {
    for (const { id } of placed) {
      const listed = await deliveriesTo(fixture.calls, { webhookId, orderId: id });
      expect(listed.map(({ event }) => event?.sequence)).toEqual([1, 2, 3, 4]);
      const times = listed.map(({ settledAt }) => settledAt?.getTime() ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  }
});

test('a receiver with a backlog delays no other', async () => {
  const busy = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 10; n += 1) await submitted();
  const quiet = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const claimed = await claim(fixture.calls, { limit: 2 });
  expect(claimed.map(({ delivery }) => delivery.webhookId).toSorted()).toEqual([busy, quiet].toSorted());
});

test('a slow receiver with a backlog delays no other, even if one delivery fits in at a time', async () => {
  const slow = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 10; n += 1) await submitted();
  const quick = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 2; n += 1) await submitted();
  const served: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const [only] = await claim(fixture.calls, { limit: 1 });
    served.push(only?.delivery.webhookId ?? '');
    if (only?.delivery.webhookId === quick) await settle(fixture.calls, settlement(only));
  }
  expect(served).toEqual([slow, quick, quick]);
});

test('a receiver that never answers has half of the places, and gets no more before one is free', async () => {
  const silent = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await Promise.all(Array.from({ length: 60 }, () => submitted()));
  const out = await claim(fixture.calls, { limit: 100 });
  expect(out.length).toBe(50);
  expect(await claim(fixture.calls, { limit: 100 })).toEqual([]);
  for (const one of out.slice(0, 2)) await settle(fixture.calls, settlement(one, { error: 'timeout' }));
  const more = await claim(fixture.calls, { limit: 100 });
  expect(more.map(({ delivery }) => delivery.webhookId)).toEqual([silent, silent]);
});

test('an expired lease is taken over, and its former holder settles nothing', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const first = await next(webhookId);
  await expect(next(webhookId)).rejects.toThrow('not 0');
  await passTime(fixture);
  const second = await next(webhookId);
  expect([second.delivery.id, second.leaseId === first.leaseId]).toEqual([first.delivery.id, false]);
  expect(await settle(fixture.calls, settlement(first, { error: 'too late' }))).toEqual([LEASE_LOST]);
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 0 }]);
  expect(await settle(fixture.calls, settlement(second))).toEqual([COUNTED]);
});

test('an expired lease that nobody took over still counts', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const late = await next(webhookId);
  await passTime(fixture);
  expect(await settle(fixture.calls, settlement(late))).toEqual([COUNTED]);
});

test('a settlement that is repeated or contradicted under its lease changes nothing', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const claimed = await next(webhookId);
  for (const error of ['', '', 'it failed after all']) {
    expect(await settle(fixture.calls, settlement(claimed, { error }))).toEqual([COUNTED]);
  }
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([
    { state: 'DELIVERY_STATE_DELIVERED', attempts: 1, lastError: '', settledAt: expect.any(Date) },
  ]);
});

test('a failed delivery is retried after a delay that doubles to its cap, and is dead after the last attempt', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const waited: number[] = [];
  for (const error of ['500', 'timeout']) {
    const claimed = await next(webhookId);
    await settle(fixture.calls, settlement(claimed, { error }));
    expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([
      { state: 'DELIVERY_STATE_PENDING', lastError: error },
    ]);
    waited.push(await waitsMs(claimed.delivery));
    await expect(next(webhookId)).rejects.toThrow('not 0');
    await passTime(fixture);
  }
  for (const [n, expectedMs] of [FIRST_MS, CAP_MS].entries()) {
    expect(waited[n]).toBeLessThanOrEqual(expectedMs);
    expect(waited[n]).toBeGreaterThan(expectedMs - 60_000);
  }
  await settle(fixture.calls, settlement(await next(webhookId), { error: '503' }));
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([
    { state: 'DELIVERY_STATE_DEAD', attempts: ATTEMPTS_MAX, lastError: '503', settledAt: expect.any(Date) },
  ]);
});

test('the next event of an order waits for a failed delivery, and goes on after a dead one', async () => {
  const webhookId = await registered(fixture.calls);
  const order = await submitted();
  await happenedTo(fixture.calls, order, 'order.created', 'order.reserved');
  const first = await next(webhookId);
  await settle(fixture.calls, settlement(first, { error: '500' }));
  await expect(next(webhookId)).rejects.toThrow('not 0');
  // The delivery that waits says until when.
  const [failed, behind] = await deliveriesTo(fixture.calls, { webhookId });
  expect(behind?.nextAttemptAt).toEqual(failed?.nextAttemptAt);
  await passTime(fixture);
  await settle(fixture.calls, settlement(await next(webhookId), { error: '410', permanent: true }));

  const second = await next(webhookId);
  expect(second.delivery.event.type).toBe('order.created');
  expect((await deliveriesTo(fixture.calls, { webhookId })).map(({ state }) => state)).toEqual([
    'DELIVERY_STATE_DEAD',
    ...Array(2).fill('DELIVERY_STATE_PENDING'),
  ]);
});

test('any description of a failure is accepted, without control characters and cut', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  await settle(fixture.calls, settlement(await next(webhookId), { error: `a\u0000b\n${'c'.repeat(1_000)}` }));
  const [{ lastError } = { lastError: '' }] = await deliveriesTo(fixture.calls, { webhookId });
  expect(lastError).toBe(`a b ${'c'.repeat(496)}`);
});

test('a replayed delivery is due again under its event id, whatever its state', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const { delivery, leaseId } = await next(webhookId);
  const first = { deliveryId: delivery.id, leaseId, error: '', permanent: false };
  await settle(fixture.calls, first);
  for (let n = 0; n < 2; n += 1) {
    const replayed = await fixture.calls.replayDelivery({ deliveryId: delivery.id }, LIMITS);
    expect(replayed.delivery).toMatchObject({
      id: delivery.id,
      state: 'DELIVERY_STATE_PENDING',
      attempts: 1,
      settledAt: undefined,
    });
  }
  const again = await next(webhookId);
  expect(again.delivery.event).toEqual(delivery.event);
  // The earlier lease settles nothing of the replay.
  expect(await settle(fixture.calls, first)).toEqual([LEASE_LOST]);
  // In flight: it stays with the holder of its lease.
  await fixture.calls.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await expect(next(webhookId)).rejects.toThrow('not 0');

  await settle(fixture.calls, settlement(again, { error: '410', permanent: true }));
  await fixture.calls.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await settle(fixture.calls, settlement(await next(webhookId), { error: '500' }));
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 3 }]);
  // One that waits for its next attempt is due as well.
  await fixture.calls.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await settle(fixture.calls, settlement(await next(webhookId)));
});

test('a replayed dead delivery has as many attempts as a new one', async () => {
  const webhookId = await registered(fixture.calls, { eventTypes: ['order.submitted'] });
  await submitted();
  const failAndWait = async () => {
    const claimed = await next(webhookId);
    await settle(fixture.calls, settlement(claimed, { error: '500' }));
    await passTime(fixture);
    return claimed.delivery.id;
  };
  let deliveryId = '';
  for (let n = 0; n < ATTEMPTS_MAX; n += 1) deliveryId = await failAndWait();
  await fixture.calls.replayDelivery({ deliveryId }, LIMITS);
  for (let n = 1; n < ATTEMPTS_MAX; n += 1) await failAndWait();
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 5 }]);
  await failAndWait();
  expect(await deliveriesTo(fixture.calls, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_DEAD', attempts: 6 }]);
});

test('the list has pages, newest first, by state, by webhook and by order', async () => {
  const webhookId = await registered(fixture.calls);
  const [order, other] = [await submitted(), await submitted()];
  await happenedTo(fixture.calls, order, 'order.cancelled');
  const first = await fixture.calls.listDeliveries(deliveries({ webhookId, pageSize: 2 }), LIMITS);
  const last = await fixture.calls.listDeliveries(deliveries({ webhookId, pageSize: 2, cursor: first.nextCursor }), LIMITS);
  expect(last.nextCursor).toBe('');
  const all = [...first.deliveries, ...last.deliveries].map(({ event }) => [event?.orderId, event?.type]);
  expect(all).toEqual([
    [order.id, 'order.cancelled'],
    [other.id, 'order.submitted'],
    [order.id, 'order.submitted'],
  ]);
  // With those of the mail sender.
  const ofOrder = await fixture.calls.listDeliveries(deliveries({ orderId: order.id }), LIMITS);
  expect(ofOrder.deliveries.map((one) => `${one.webhookId} ${one.event?.type}`).toSorted()).toEqual(
    [' order.cancelled', `${webhookId} order.cancelled`, `${webhookId} order.submitted`].toSorted(),
  );
  await deliverAll(fixture.calls);
  const pending = await fixture.calls.listDeliveries(deliveries({ webhookId, state: 'DELIVERY_STATE_PENDING' }), LIMITS);
  expect(pending.deliveries).toEqual([]);
  expect((await fixture.calls.listDeliveries(deliveries({ webhookId: randomUUID() }), LIMITS)).deliveries).toEqual([]);
});
