/** What is claimed, settled, tried again, given up and replayed; by several at once. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Delivery } from '../../proto/gen/shopfast/events/v1/events.ts';
import { claim, deliveries, registered, settlement, tellAll, toldOf } from './events-fixture.ts';
import { cancellation, creation, LIMITS, type OrdersFixture, openOrders, paid, submitted } from './orders-fixture.ts';

// What a delivery may fail three times with, and milliseconds: far more than this file runs, so that time decides nothing.
const ATTEMPTS_MAX = 3;
const FIRST_MS = 1_000_000;
const CAP_MS = 1_500_000;

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders({
    EVENT_ATTEMPTS_MAX: String(ATTEMPTS_MAX),
    EVENT_RETRY_FIRST_MS: String(FIRST_MS),
    EVENT_RETRY_CAP_MS: String(CAP_MS),
  });
});
afterEach(async () => {
  for (const { id } of (await orders.events.listWebhooks({}, LIMITS)).webhooks) {
    await orders.events.removeWebhook({ webhookId: id }, LIMITS);
  }
  await allDue();
  await tellAll(orders.events);
});
afterAll(() => orders.close());

/** Lets the time pass that every delivery waits for, and every lease run out. */
async function allDue(): Promise<void> {
  await orders.sql(`update event_deliveries set next_attempt_at = now() - interval '1 second',
    leased_until = case when leased_until is not null then now() - interval '1 second' end where state = 'pending'`);
}

/** The one delivery that a webhook gets now. */
async function next(webhookId: string) {
  const [only, ...others] = (await claim(orders.events)).filter(({ delivery }) => delivery.webhookId === webhookId);
  if (!only || others.length > 0) throw new Error(`One delivery was expected, not ${others.length + (only ? 1 : 0)}`);
  return only;
}

async function waitsMs({ id }: Delivery): Promise<number> {
  const [row] = await orders.sql<{ ms: number }>(
    `select round(extract(epoch from next_attempt_at - now()) * 1000)::float8 as ms from event_deliveries where id = $1`,
    [id],
  );
  return row?.ms ?? Number.NaN;
}

test('twenty who claim at once get each delivery once, and of no order and receiver two at a time', async () => {
  const webhookIds = [await registered(orders.events), await registered(orders.events)];
  const placed = await Promise.all(Array.from({ length: 10 }, () => paid(orders.calls)));
  const out = new Map<string, number>();
  let claims = 0;
  async function work(): Promise<void> {
    for (let idle = 0; idle < 20; ) {
      const claimed = await claim(orders.events, { limit: 3 });
      idle = claimed.length === 0 ? idle + 1 : 0;
      for (const { delivery } of claimed) {
        const pair = `${delivery.webhookId} ${delivery.event.orderId}`;
        expect(out.get(pair) ?? 0).toBe(0);
        out.set(pair, 1);
        claims += 1;
      }
      for (const one of claimed) {
        out.set(`${one.delivery.webhookId} ${one.delivery.event.orderId}`, 0);
        expect(await orders.events.settleDelivery(settlement(one), LIMITS)).toEqual({ settled: true });
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, work));

  // Four events of each order to each webhook, and that it is paid to the sender of notifications.
  expect(claims).toBe(placed.length * (4 * webhookIds.length + 1));
  for (const webhookId of webhookIds) {
    for (const { id } of placed) {
      const told = await toldOf(orders.events, { webhookId, orderId: id });
      expect(told.map(({ event }) => event?.sequence)).toEqual([1, 2, 3, 4]);
      const times = told.map(({ settledAt }) => settledAt?.getTime() ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  }
});

test('a receiver with much to be told keeps no other waiting', async () => {
  const busy = await registered(orders.events, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 10; n += 1) await submitted(orders.calls);
  const quiet = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const claimed = await claim(orders.events, { limit: 2 });
  expect(claimed.map(({ delivery }) => delivery.webhookId).toSorted()).toEqual([busy, quiet].toSorted());
});

test('nor does it when there is room for one delivery at a time, though it has waited longer', async () => {
  const slow = await registered(orders.events, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 10; n += 1) await submitted(orders.calls);
  const quick = await registered(orders.events, { eventTypes: ['order.submitted'] });
  for (let n = 0; n < 2; n += 1) await submitted(orders.calls);
  const told: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const [only] = await claim(orders.events, { limit: 1 });
    told.push(only?.delivery.webhookId ?? '');
    if (only?.delivery.webhookId === quick) await orders.events.settleDelivery(settlement(only), LIMITS);
  }
  expect(told).toEqual([slow, quick, quick]);
});

test('a receiver that never answers has half of the places, and gets no more before one is free', async () => {
  const silent = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await Promise.all(Array.from({ length: 60 }, () => submitted(orders.calls)));
  const out = await claim(orders.events, { limit: 100 });
  expect(out.length).toBe(50);
  expect(await claim(orders.events, { limit: 100 })).toEqual([]);
  for (const one of out.slice(0, 2)) await orders.events.settleDelivery(settlement(one, { error: 'timeout' }), LIMITS);
  const more = await claim(orders.events, { limit: 100 });
  expect(more.map(({ delivery }) => delivery.webhookId)).toEqual([silent, silent]);
});

test('a lease that ran out is taken over, and who had it settles nothing any more', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const first = await next(webhookId);
  await expect(next(webhookId)).rejects.toThrow('not 0');
  await allDue();
  const second = await next(webhookId);
  expect([second.delivery.id, second.leaseId === first.leaseId]).toEqual([first.delivery.id, false]);
  expect(await orders.events.settleDelivery(settlement(first, { error: 'too late' }), LIMITS)).toEqual({ settled: false });
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 0 }]);
  expect(await orders.events.settleDelivery(settlement(second), LIMITS)).toEqual({ settled: true });
});

test('a lease that ran out and that nobody took over still counts', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const late = await next(webhookId);
  await allDue();
  expect(await orders.events.settleDelivery(settlement(late), LIMITS)).toEqual({ settled: true });
});

test('a settlement that is repeated, or contradicted, under its lease changes nothing', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const claimed = await next(webhookId);
  for (const error of ['', '', 'it failed after all']) {
    expect(await orders.events.settleDelivery(settlement(claimed, { error }), LIMITS)).toEqual({ settled: true });
  }
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([
    { state: 'DELIVERY_STATE_DELIVERED', attempts: 1, lastError: '', settledAt: expect.any(Date) },
  ]);
});

test('what fails is tried again after a delay that doubles to its cap, and is dead after the last attempt', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const waited: number[] = [];
  for (const error of ['500', 'timeout']) {
    const claimed = await next(webhookId);
    await orders.events.settleDelivery(settlement(claimed, { error }), LIMITS);
    expect(await toldOf(orders.events, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', lastError: error }]);
    waited.push(await waitsMs(claimed.delivery));
    await expect(next(webhookId)).rejects.toThrow('not 0');
    await allDue();
  }
  for (const [n, expectedMs] of [FIRST_MS, CAP_MS].entries()) {
    expect(waited[n]).toBeLessThanOrEqual(expectedMs);
    expect(waited[n]).toBeGreaterThan(expectedMs - 60_000);
  }
  await orders.events.settleDelivery(settlement(await next(webhookId), { error: '503' }), LIMITS);
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([
    { state: 'DELIVERY_STATE_DEAD', attempts: ATTEMPTS_MAX, lastError: '503', settledAt: expect.any(Date) },
  ]);
});

test('what comes after a failure waits for it; after a dead delivery it goes on, and after one that is dead at once, at once', async () => {
  const webhookId = await registered(orders.events);
  const order = await submitted(orders.calls);
  await orders.calls.createOrder(creation(order), LIMITS);
  const first = await next(webhookId);
  await orders.events.settleDelivery(settlement(first, { error: '500' }), LIMITS);
  await expect(next(webhookId)).rejects.toThrow('not 0');
  // What waits behind it says when.
  const [failed, behind] = await toldOf(orders.events, { webhookId });
  expect(behind?.nextAttemptAt).toEqual(failed?.nextAttemptAt);
  await allDue();
  await orders.events.settleDelivery(settlement(await next(webhookId), { error: '410', permanent: true }), LIMITS);

  const second = await next(webhookId);
  expect(second.delivery.event.type).toBe('order.created');
  expect((await toldOf(orders.events, { webhookId })).map(({ state }) => state)).toEqual([
    'DELIVERY_STATE_DEAD',
    ...Array(2).fill('DELIVERY_STATE_PENDING'),
  ]);
});

test('a failure is somebody else’s only in words: any text is taken, without control characters and cut', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  await orders.events.settleDelivery(settlement(await next(webhookId), { error: `a\u0000b\n${'c'.repeat(1_000)}` }), LIMITS);
  const [{ lastError } = { lastError: '' }] = await toldOf(orders.events, { webhookId });
  expect(lastError).toBe(`a b ${'c'.repeat(496)}`);
});

test('a replayed delivery is due at once with its event id and all attempts before it, whatever it was', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const { delivery, leaseId } = await next(webhookId);
  const settle = { deliveryId: delivery.id, leaseId, error: '', permanent: false };
  await orders.events.settleDelivery(settle, LIMITS);
  for (let n = 0; n < 2; n += 1) {
    const replayed = await orders.events.replayDelivery({ deliveryId: delivery.id }, LIMITS);
    expect(replayed.delivery).toMatchObject({
      id: delivery.id,
      state: 'DELIVERY_STATE_PENDING',
      attempts: 1,
      settledAt: undefined,
    });
  }
  const again = await next(webhookId);
  expect(again.delivery.event).toEqual(delivery.event);
  // The lease of before settles nothing of the replay.
  expect(await orders.events.settleDelivery(settle, LIMITS)).toEqual({ settled: false });
  // At work: it stays with who has it.
  await orders.events.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await expect(next(webhookId)).rejects.toThrow('not 0');

  await orders.events.settleDelivery(settlement(again, { error: '410', permanent: true }), LIMITS);
  await orders.events.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await orders.events.settleDelivery(settlement(await next(webhookId), { error: '500' }), LIMITS);
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 3 }]);
  // One that waits for its next attempt need not.
  await orders.events.replayDelivery({ deliveryId: delivery.id }, LIMITS);
  await orders.events.settleDelivery(settlement(await next(webhookId)), LIMITS);
});

test('a dead delivery that is replayed has as many attempts before it as a new one', async () => {
  const webhookId = await registered(orders.events, { eventTypes: ['order.submitted'] });
  await submitted(orders.calls);
  const failAndWait = async () => {
    const claimed = await next(webhookId);
    await orders.events.settleDelivery(settlement(claimed, { error: '500' }), LIMITS);
    await allDue();
    return claimed.delivery.id;
  };
  let deliveryId = '';
  for (let n = 0; n < ATTEMPTS_MAX; n += 1) deliveryId = await failAndWait();
  await orders.events.replayDelivery({ deliveryId }, LIMITS);
  for (let n = 1; n < ATTEMPTS_MAX; n += 1) await failAndWait();
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_PENDING', attempts: 5 }]);
  await failAndWait();
  expect(await toldOf(orders.events, { webhookId })).toMatchObject([{ state: 'DELIVERY_STATE_DEAD', attempts: 6 }]);
});

test('the list has pages, newest first, by state, by webhook and by order', async () => {
  const webhookId = await registered(orders.events);
  const [order, other] = [await submitted(orders.calls), await submitted(orders.calls)];
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  const first = await orders.events.listDeliveries(deliveries({ webhookId, pageSize: 2 }), LIMITS);
  const last = await orders.events.listDeliveries(deliveries({ webhookId, pageSize: 2, cursor: first.nextCursor }), LIMITS);
  expect(last.nextCursor).toBe('');
  const listed = [...first.deliveries, ...last.deliveries].map(({ event }) => [event?.orderId, event?.type]);
  expect(listed).toEqual([
    [order.id, 'order.cancelled'],
    [other.id, 'order.submitted'],
    [order.id, 'order.submitted'],
  ]);
  // With what the sender of notifications is told.
  const ofOrder = await orders.events.listDeliveries(deliveries({ orderId: order.id }), LIMITS);
  expect(ofOrder.deliveries.map((one) => `${one.webhookId} ${one.event?.type}`).toSorted()).toEqual(
    [' order.cancelled', `${webhookId} order.cancelled`, `${webhookId} order.submitted`].toSorted(),
  );
  await tellAll(orders.events);
  const pending = await orders.events.listDeliveries(deliveries({ webhookId, state: 'DELIVERY_STATE_PENDING' }), LIMITS);
  expect(pending.deliveries).toEqual([]);
  expect((await orders.events.listDeliveries(deliveries({ webhookId: randomUUID() }), LIMITS)).deliveries).toEqual([]);
});
