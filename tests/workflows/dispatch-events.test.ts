/** The dispatcher delivers each event in its order, and its history stays short. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import pino from 'pino';
import { DISPATCH_WORKFLOW_ID } from '../../contracts/dispatch.ts';
import { eventually } from '../../testkit/eventually.ts';
import { historyFile } from '../../tools/replay-export.ts';
import { startDispatching } from '../../workers/dispatcher.ts';
import { ALL, allDelivered, createDispatchLab, type DispatchLab, live, TYPES } from './support/dispatch-lab.ts';
import { SECRET } from './support/fake-events.ts';
import { eventsOf } from './support/history.ts';

let lab: DispatchLab;

beforeAll(async () => {
  lab = await createDispatchLab();
});
afterEach(() => lab.closeServers());
afterAll(() => lab.close());

test('each event is delivered once, signed and in the order of its order, relayed ones as well, and mails are sent', async () => {
  const hook = await lab.receiver();
  const store = await lab.events({ webhooks: [hook.url], mail: true });
  const [taskQueue, spool] = [lab.newTaskQueue(), lab.newSpool()];
  const worker = await lab.startWorker({ addresses: store.addresses, taskQueue, spool });
  await lab.startDispatching(taskQueue);
  const orders = live(store, 20);
  const paid = orders.map((id) => store.happen(id, 'payment.captured', 'payments'));
  await allDelivered(store);

  expect(hook.got).toHaveLength(20 * (TYPES.length + 1));
  expect(new Set(hook.got.map(({ id }) => id)).size).toBe(hook.got.length);
  for (const id of orders)
    expect(hook.got.filter((event) => event.order_id === id).map(({ sequence }) => sequence)).toEqual([...ALL, 6]);
  expect(hook.got.map(({ id }) => id)).toEqual(expect.arrayContaining(paid));
  expect(hook.unsigned()).toBe(0);
  // Paid, shipped and refunded.
  const written = store.rows.filter(({ url, event }) => url === '' && /paid|shipped|refunded/.test(event.type));
  expect(lab.mailsIn(spool)).toEqual(written.map(({ event }) => `${event.id}.eml`).sort());
  await worker.stop();
});

test('a receiver that answers 500 for a while gets everything in the end, in order, and another one need not wait for it', async () => {
  let well = false;
  const ill = await lab.receiver((_, __, response) => response.writeHead(well ? 200 : 500).end());
  const healthy = await lab.receiver();
  const store = await lab.events({ webhooks: [ill.url, healthy.url] });
  const taskQueue = lab.newTaskQueue();
  await lab.startWorker({ addresses: store.addresses, taskQueue });
  await lab.startDispatching(taskQueue);
  const orders = live(store, 5);
  await eventually(
    async () => healthy.got.length,
    (told) => told === 5 * TYPES.length,
  );
  await eventually(
    async () => ill.got.length,
    (asked) => asked >= 15,
  );
  // Nobody is told of the second before the first was taken.
  expect(new Set(ill.got.map(({ sequence }) => sequence))).toEqual(new Set([1]));
  expect(store.rows.find(({ url }) => url === ill.url)?.lastError).toBe('HTTP 500');
  well = true;
  await allDelivered(store);
  for (const id of orders) expect(ill.sequencesOf(id)).toEqual(ALL);
  expect(healthy.got).toHaveLength(5 * TYPES.length);
});

test('two concurrent dispatchers deliver nothing twice and nothing out of order', async () => {
  const hook = await lab.receiver();
  const store = await lab.events({ webhooks: [hook.url], mail: true });
  const [one, two, spool] = [lab.newTaskQueue(), lab.newTaskQueue(), lab.newSpool()];
  for (const taskQueue of [one, two]) {
    await lab.startWorker({ addresses: store.addresses, taskQueue, spool });
    await lab.startDispatching(taskQueue);
  }
  const orders = live(store, 40);
  for (const id of orders) store.happen(id, 'payment.captured', 'payments');
  await allDelivered(store);
  expect(hook.got).toHaveLength(40 * (TYPES.length + 1));
  for (const id of orders)
    expect(hook.got.filter((event) => event.order_id === id).map(({ sequence }) => sequence)).toEqual([...ALL, 6]);
  expect(lab.mailsIn(spool)).toHaveLength(40 * 3);
});

test('its history stays short and holds neither events nor persons: six events a run, a new one after 24 runs', async () => {
  const hook = await lab.receiver((_, before, response) => response.writeHead(before % 3 === 0 ? 500 : 200).end());
  const store = await lab.events({ webhooks: [hook.url], mail: true });
  const taskQueue = lab.newTaskQueue();
  await lab.startWorker({ addresses: store.addresses, taskQueue, runMs: 50 });
  const { handle, byId } = await lab.startDispatching(taskQueue);
  live(store, 10);
  await allDelivered(store, 30_000);
  const first = lab.temporal.client.workflow.getHandle(taskQueue, handle.firstExecutionRunId);
  await eventually(
    async () => (await byId.describe()).runId,
    (runId) => runId !== handle.firstExecutionRunId,
    30_000,
  );

  const recorded = await eventsOf(first);
  expect(recorded.filter(({ type }) => type === 'ACTIVITY_TASK_COMPLETED')).toHaveLength(24);
  expect(recorded.at(-1)?.type).toBe('WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
  expect(recorded).toHaveLength(4 + 24 * 6 + 1);
  const history = await first.fetchHistory();
  const everything = historyToJSON(history) + inspect(lab.logs, { depth: null, maxArrayLength: null });
  const payloads = [...everything.matchAll(/"data":\s*"([^"]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString(),
  );
  for (const private_ of ['customer.example', 'Private', SECRET, 'order-0']) {
    expect(everything).not.toContain(private_);
    expect(payloads.join()).not.toContain(private_);
  }
  expect(payloads.length).toBeGreaterThanOrEqual(24);
  if (process.env.RECORD === '1') {
    writeFileSync(fileURLToPath(new URL('../replay/histories/dispatch-events.json', import.meta.url)), historyFile(history));
  }
});

test('however many workers start it, it runs once', async () => {
  const { client, namespace } = lab.temporal;
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const queue = lab.newTaskQueue();
  await Promise.all([1, 2, 3].map(() => startDispatching(lab.connection, namespace, logger, queue)));
  expect(warnings).toEqual([]);
  const found = await client.workflow.getHandle(DISPATCH_WORKFLOW_ID).describe();
  expect(found.status.name).toBe('RUNNING');
  // Another test's worker may have been first.
  if (found.taskQueue === queue) await client.workflow.getHandle(DISPATCH_WORKFLOW_ID).terminate();
});
