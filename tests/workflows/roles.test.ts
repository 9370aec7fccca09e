/** Work by role: a payment provider that hangs and a reconciliation that lasts delay no order's other steps and no shipment. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { cancelUpdate, shipUpdate } from '../../contracts/order-commands.ts';
import { RECONCILE_WORKFLOW_TYPE, type ReconcileActivities } from '../../contracts/reconcile.ts';
import { eventually } from '../../testkit/eventually.ts';
import { down } from './support/looks.ts';
import { createOrderLab, type OrderLab, type PlacedOrder } from './support/order-lab.ts';

// Of a small worker: half of its slots are for calls of the provider, half of those for charges and half for refunds.
const ACTIVITY_SLOTS = 8;
const SLOTS_OF_A_KIND = 2;
const HANGING_ORDERS = 12;

const BY = { actorId: randomUUID() };
const SHIPMENT = { ...BY, carrier: 'DHL', trackingNumber: '0034' };

// Milliseconds within which a command is carried out that waits for nobody, on a busy machine; an attempt at a service that hangs
// takes 10 s.
const PROMPTLY_MS = 8_000;

let reconciling: Promise<undefined> = Promise.resolve(undefined);
let judging = 0;
const background: ReconcileActivities = {
  async judge() {
    judging += 1;
    await reconciling;
    return { findings: [], repairable: [] };
  },
  async repair() {},
};

let lab: OrderLab;
beforeAll(async () => {
  lab = await createOrderLab({
    settings: { maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS },
    background: () => background,
  });
});
afterAll(() => lab.close());

const hanging: PlacedOrder[] = [];
afterEach(async () => {
  await Promise.all(hanging.splice(0).map(({ handle }) => handle.terminate('the test is over').catch(() => {})));
});

async function confirmed(scripts: Parameters<OrderLab['place']>[0] = {}): Promise<PlacedOrder> {
  const order = lab.place(scripts);
  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  return order;
}

/** Orders whose calls of the provider hang until the gate opens; resolves when the slots are taken. */
async function hang(activity: 'processPayment' | 'refundPayment', gate: { passed: Promise<undefined> }) {
  const orders = await Promise.all(
    Array.from({ length: HANGING_ORDERS }, async () => {
      const order = lab.place({ [activity]: () => gate.passed });
      hanging.push(order);
      if (activity === 'refundPayment') {
        await order.outcome;
        order.handle.executeUpdate(cancelUpdate, { args: [{ ...BY, reason: 'Too late' }] }).catch(() => {});
      }
      return order;
    }),
  );
  const called = async () => orders.filter(({ calls }) => calls.some((call) => call.activity === activity)).length;
  await eventually(called, (number) => number === SLOTS_OF_A_KIND);
  return { orders, called };
}

async function promptly<T>(work: Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const answer = await work;
  expect(performance.now() - startedMs).toBeLessThan(PROMPTLY_MS);
  return answer;
}

/** Why the server retries the order's payment or refund. */
async function retriedBecause({ handle }: PlacedOrder): Promise<unknown> {
  const { raw } = await handle.describe();
  return raw.pendingActivities?.[0]?.lastFailure?.applicationFailureInfo?.type ?? undefined;
}

test('while charges hang, another order is shipped, another one goes on in its fallback, and money goes back', async () => {
  const gate = lab.gate();
  const [toShip, toCancel] = [await confirmed(), await confirmed()];
  const { orders, called } = await hang('processPayment', gate);

  await promptly(toShip.handle.executeUpdate(shipUpdate, { args: [SHIPMENT] }));
  await promptly(toCancel.handle.executeUpdate(cancelUpdate, { args: [{ ...BY, reason: 'Too late' }] }));
  const inFallback = lab.place({ createOrder: (nth) => (nth === 1 ? down() : undefined), processPayment: () => gate.passed });
  hanging.push(inFallback);
  await eventually(
    async () => inFallback.calls.filter(({ activity }) => activity === 'createOrder').length,
    (attempts) => attempts === 2,
    PROMPTLY_MS,
  );

  expect(await called()).toBe(SLOTS_OF_A_KIND);
  const reasons = await Promise.all(orders.map(retriedBecause));
  gate.open();
  expect(reasons.filter((reason) => reason === 'overloaded')).toHaveLength(HANGING_ORDERS - SLOTS_OF_A_KIND);
});

test('an attempt without a slot is retried with backoff, and every order is paid once the provider answers', async () => {
  const gate = lab.gate();
  const { orders } = await hang('processPayment', gate);
  gate.open();

  for (const { outcome } of orders) expect(await outcome).toMatchObject({ status: 'confirmed' });
  for (const { calls } of orders) expect(calls.filter(({ activity }) => activity === 'processPayment')).toHaveLength(1);
});

test('while refunds hang, another order is charged and shipped', async () => {
  const gate = lab.gate();
  const { called } = await hang('refundPayment', gate);

  const toShip = await promptly(confirmed());
  await promptly(toShip.handle.executeUpdate(shipUpdate, { args: [SHIPMENT] }));
  expect(await called()).toBe(SLOTS_OF_A_KIND);
  gate.open();
});

test('while reconciliations take every slot of the background, an order is confirmed and shipped', async () => {
  const gate = lab.gate();
  reconciling = gate.passed;
  const { client } = lab.temporal;
  const rounds = await Promise.all(
    Array.from({ length: HANGING_ORDERS }, () =>
      client.workflow.start(RECONCILE_WORKFLOW_TYPE, {
        workflowId: `reconcile-${randomUUID()}`,
        taskQueue: lab.backgroundTaskQueue,
        args: [{ quietMs: 0, repair: false }],
      }),
    ),
  );
  await eventually(
    async () => judging,
    (number) => number >= 10,
  );

  const order = await promptly(confirmed());
  await promptly(order.handle.executeUpdate(shipUpdate, { args: [SHIPMENT] }));
  gate.open();
  await Promise.all(rounds.map((round) => round.result()));
});
