/** The dispatcher when something dies: a service, a worker, the dispatcher itself. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { ALL, allDelivered, createDispatchLab, type DispatchLab, live, TYPES } from './support/dispatch-lab.ts';

// Longer than the time after which a worker that says nothing is taken for dead, and than a lease.
const TAKEN_OVER_MS = 30_000;

let lab: DispatchLab;

beforeAll(async () => {
  lab = await createDispatchLab();
});
afterEach(() => lab.closeServers());
afterAll(() => lab.close());

test('the dispatcher waits for services that are down, goes on when they are back, and logs both once', async () => {
  const hook = await lab.receiver();
  const store = await lab.events({ webhooks: [hook.url] });
  for (const service of ['notifications', 'payments'] as const) store.setDown(true, service);
  const taskQueue = lab.newTaskQueue();
  const before = lab.logs.length;
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  const { handle } = await lab.startDispatching(taskQueue);
  live(store, 1);
  store.happen('order-0', 'payment.captured', 'payments');
  // Several attempts, of one activity that has not failed.
  await eventually(
    async () => store.calls.claimDeliveries ?? 0,
    (asked) => asked >= 3,
  );
  for (const service of ['notifications', 'payments'] as const) store.setDown(false, service);
  await allDelivered(store);

  expect(hook.sequencesOf('order-0')).toHaveLength(TYPES.length + 1);
  const said = lab.logs.slice(before).filter(({ meta }) => meta?.taskQueue === taskQueue && meta.sdkComponent === 'activity');
  expect(said.map(({ message }) => message).sort()).toEqual([
    'Claiming deliveries fails and is retried',
    'Claiming deliveries works again',
    'Relaying events of payments fails and is retried',
    'Relaying events of payments works again',
  ]);
  const { raw } = await handle.describe();
  expect(raw.pendingActivities?.map(({ attempt }) => attempt)).toEqual([1]);
});

test('while one source is down, the events of the others are relayed and delivered', async () => {
  const hook = await lab.receiver();
  const store = await lab.events({ webhooks: [hook.url] });
  store.setDown(true, 'orders');
  const taskQueue = lab.newTaskQueue();
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  await lab.startDispatching(taskQueue);
  store.happen('order-0', 'order.paid', 'orders');
  store.happen('order-1', 'payment.captured', 'payments');
  store.happen('order-2', 'user.registered', 'users');
  await eventually(
    async () => hook.got.map(({ type }) => type).sort(),
    (types) => types.length === 2,
  );
  expect(hook.got.map(({ order_id }) => order_id).sort()).toEqual(['order-1', 'order-2']);
  store.setDown(false, 'orders');
  await allDelivered(store);
  expect(hook.sequencesOf('order-0')).toEqual([1]);
});

test('a delivery that arrived while notifications went down is settled when it is back, and not sent again', async () => {
  const went = Promise.withResolvers<void>();
  const hook = await lab.receiver((_, before, response) => {
    if (before === 0) {
      store.setDown(true);
      went.resolve();
    }
    response.end();
  });
  const store = await lab.events({ webhooks: [hook.url] });
  for (let nth = 0; nth < 10; nth += 1) store.happen(`order-${nth}`, 'order.paid');
  const taskQueue = lab.newTaskQueue();
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  await lab.startDispatching(taskQueue);
  await went.promise;
  await eventually(
    async () => store.calls.settleDeliveries ?? 0,
    (asked) => asked >= 2,
  );
  store.setDown(false);
  await allDelivered(store);
  expect(hook.got).toHaveLength(10);
});

test('another worker takes over from a killed one: everything is delivered, and a repeated event has the same id', async () => {
  const dying = Promise.withResolvers<void>();
  let dead = false;
  const hook = await lab.receiver((_, before, response) => {
    // The first worker hears nothing of what it sent last.
    if (dead || before < 12) response.end();
    else dying.resolve();
  });
  const store = await lab.events({ webhooks: [hook.url], mail: true });
  const [taskQueue, spool] = [lab.newTaskQueue(), lab.newSpool()];
  const first = await lab.startProcess({ addresses: store.addresses, taskQueue, spool });
  await lab.startDispatching(taskQueue);
  const orders = live(store, 10);
  await dying.promise;
  await first.kill();
  dead = true;
  expect(store.pending()).toBeGreaterThan(0);
  const diedMs = performance.now();
  const asked = store.calls.claimDeliveries ?? 0;
  const sinceDeath = () => `${Math.round((performance.now() - diedMs) / 1_000)} s`;
  await lab.startWorker({ addresses: store.addresses, taskQueue, spool });
  await eventually(
    async () => store.calls.claimDeliveries ?? 0,
    (now) => now > asked,
    TAKEN_OVER_MS,
  );
  const takenOver = sinceDeath();
  await allDelivered(store, TAKEN_OVER_MS);
  process.stdout.write(
    `A dead worker's dispatching was taken over after ${takenOver}, everything delivered after ${sinceDeath()}\n`,
  );

  for (const id of orders) expect(hook.sequencesOf(id)).toEqual(ALL);
  expect(new Set(hook.got.map(({ id }) => id)).size).toBe(10 * TYPES.length);
  expect(hook.got.length).toBeGreaterThan(10 * TYPES.length);
  expect(lab.mailsIn(spool)).toHaveLength(10 * 3);
});

test('a worker that stops ends its dispatching promptly, also in the middle of a send, and the next one goes on', async () => {
  const arrived = Promise.withResolvers<void>();
  // The first request is never answered.
  const hook = await lab.receiver((_, before, response) => {
    if (before > 0) response.end();
    else arrived.resolve();
  });
  const idle = await lab.events({ webhooks: [] });
  const idleQueue = lab.newTaskQueue();
  const idler = await lab.startWorker({ addresses: idle.addresses, taskQueue: idleQueue });
  await lab.startDispatching(idleQueue);
  await eventually(
    async () => idle.calls.claimDeliveries ?? 0,
    (asked) => asked > 0,
  );
  expect(await idler.stop()).toBeLessThan(2_000);

  const store = await lab.events({ webhooks: [hook.url] });
  const taskQueue = lab.newTaskQueue();
  const first = await lab.startWorker({ addresses: store.addresses, taskQueue });
  await lab.startDispatching(taskQueue);
  store.happen('order-0', 'order.paid');
  await arrived.promise;
  // The grace is 9 s, a send may take 10 s.
  expect(await first.stop()).toBeLessThan(6_000);
  expect(store.rows[0]).toMatchObject({ state: 'pending', attempts: 0 });
  store.happen('order-1', 'order.paid');
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  await eventually(
    async () => hook.sequencesOf('order-1'),
    (sequences) => sequences.length === 1,
  );
  // What was cut off is sent again when its lease has run out.
  await allDelivered(store, TAKEN_OVER_MS);
  expect(hook.got.filter((event) => event.order_id === 'order-0')).toHaveLength(2);
});

test('a dispatcher that is cancelled has ended when its workflow has', async () => {
  const store = await lab.events({ webhooks: [] });
  const taskQueue = lab.newTaskQueue();
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  const { handle, byId } = await lab.startDispatching(taskQueue);
  await eventually(
    async () => store.calls.claimDeliveries ?? 0,
    (asked) => asked > 0,
  );
  await byId.cancel();
  await expect(handle.result()).rejects.toThrow('cancelled');
  const asked = store.calls.claimDeliveries;
  // Twice as long as it pauses between two calls.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(store.calls.claimDeliveries).toBe(asked);
});
