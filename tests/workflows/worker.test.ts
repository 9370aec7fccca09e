/** The worker around the workflow: its connection, its health, and orders that outlive it. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, connect as dial } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { ServiceCalls } from '../../contracts/activities.ts';
import { PARKED_ORDERS, SEARCH_ATTRIBUTES } from '../../contracts/order.ts';
import { loadConfig } from '../../platform/config/load.ts';
import { eventually } from '../../testkit/eventually.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { workerConfig } from '../../workers/config.ts';
import { connectToTemporal } from '../../workers/connection.ts';
import { createWorkerChecks } from '../../workers/health.ts';
import { countUndos, orderCounter, watchParkedOrders } from '../../workers/metrics.ts';
import { createOrderWorker } from '../../workers/order-worker.ts';
import { registerSearchAttributes } from '../../workers/search-attributes.ts';
import { createFakeActivities } from './support/fake-activities.ts';
import { createOrderLab, type OrderLab } from './support/order-lab.ts';

const silent = pino({ level: 'silent' });
let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

function configFor(address: string) {
  return loadConfig(workerConfig, { TEMPORAL_ADDRESS: address });
}

test('an order that was in the middle of its payment when its worker stopped is finished by the next one, once', async () => {
  const order = lab.place({
    processPayment: (nth) => (nth === 1 ? Context.current().cancelled : undefined),
  });
  await eventually(
    async () => order.calls.map((call) => call.activity),
    (activities) => activities.includes('processPayment'),
  );

  await lab.stopWorker();
  await lab.startWorker();

  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  const made = order.calls.map((call) => call.activity);
  expect(made.filter((activity) => activity === 'processPayment').length).toBe(2);
  expect(new Set(order.calls.filter(({ activity }) => activity === 'processPayment').map(({ key }) => key)).size).toBe(1);
  expect(made.filter((activity) => activity === 'reserveInventory')).toHaveLength(1);
  expect(made.filter((activity) => activity === 'confirmOrder')).toHaveLength(1);
});

test('an order that is cancelled before any worker saw it is cancelled in the books too', async () => {
  await lab.stopWorker();
  const order = lab.place();
  await eventually(
    () =>
      order.handle
        .cancel()
        .then(() => true)
        .catch(() => false),
    (cancelled) => cancelled,
  );
  await lab.startWorker();

  expect(await order.outcome).toMatchObject({ status: 'cancelled', failure: { step: null, reason: 'order_cancelled' } });
  expect(order.calls.map((call) => call.activity)).toEqual(['releaseInventory', 'cancelOrder']);
});

test('a worker waits for a Temporal server that comes up later', async () => {
  const temporal = lab.temporal.address;
  const port = await freePort();
  const connecting = connectToTemporal(configFor(`127.0.0.1:${port}`), silent, 20_000);
  const server = createServer((socket) => {
    const [host, upstreamPort] = temporal.split(':');
    const upstream = dial(Number(upstreamPort), host);
    socket.pipe(upstream).pipe(socket);
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.listen(port, '127.0.0.1');

  const connection = await connecting;

  expect(await connection.workflowService.getSystemInfo({})).toHaveProperty('serverVersion');
  await connection.close();
  server.close();
});

test('a worker without a Temporal server says which one and which variable names it', async () => {
  const address = `127.0.0.1:${await freePort()}`;

  await expect(connectToTemporal(configFor(address), silent, 0)).rejects.toThrow(
    `No Temporal server answers at ${address}: start one or set TEMPORAL_ADDRESS`,
  );
});

test('a certificate without its key is a mistake that is named', async () => {
  const config = loadConfig(workerConfig, { TEMPORAL_TLS_CERT_FILE: '/nowhere.pem' });

  await expect(connectToTemporal(config, silent, 0)).rejects.toThrow(
    'Configuration: TEMPORAL_TLS_KEY_FILE is missing beside TEMPORAL_TLS_CERT_FILE',
  );
});

test('search attributes are registered once, however many workers start together', async () => {
  const { connection, namespace } = lab.temporal;
  await Promise.all([1, 2, 3].map(() => registerSearchAttributes(lab.connection, namespace, silent)));

  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(SEARCH_ATTRIBUTES.map(({ name }) => name)));
});

test('a worker that does not poll is not ready, before its run and after it', async () => {
  const { namespace } = lab.temporal;
  const taskQueue = `orders-${randomUUID()}`;
  const worker = await createOrderWorker({
    connection: lab.connection,
    namespace,
    workflowBundle: await bundleWorkflows(),
    activities: createFakeActivities().activities,
    taskQueue,
  });
  const checks = createWorkerChecks({ workers: [worker], connection: lab.connection, namespace });
  await expect(checks.worker()).rejects.toThrow(`the worker of ${taskQueue} is INITIALIZED`);
  await expect(checks.temporal()).rejects.toThrow(`the server knows no poll of this worker for ${taskQueue}`);

  const ended = worker.run();
  await eventually(
    () =>
      Promise.all([checks.worker(), checks.temporal()])
        .then(() => true)
        .catch(() => false),
    (ready) => ready,
  );

  worker.shutdown();
  await ended;
  await expect(checks.worker()).rejects.toThrow(`the worker of ${taskQueue} is STOPPED`);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('parked orders are counted, for everybody who asks within five seconds once, and not at all when nobody knows', async () => {
  const registry = new Registry();
  const asked: string[] = [];
  let answer: () => Promise<number> = async () => 3;
  watchParkedOrders(registry, (query) => {
    asked.push(query);
    return answer();
  });
  expect(await registry.metrics()).toContain('orders_needing_attention 3');
  expect(await registry.metrics()).toContain('orders_needing_attention 3');
  expect(asked).toEqual([PARKED_ORDERS]);

  const silentRegistry = new Registry();
  answer = () => Promise.reject(new Error('Temporal is down'));
  watchParkedOrders(silentRegistry, () => answer());
  expect(await silentRegistry.metrics()).not.toMatch(/^orders_needing_attention /m);
  expect(await orderCounter(lab.connection, lab.temporal.namespace)(PARKED_ORDERS, 5_000)).toBeGreaterThanOrEqual(0);
});

test('undos are counted by step and result', async () => {
  const registry = new Registry();
  const { activities } = createFakeActivities();
  const halfBroken: ServiceCalls = {
    ...activities,
    cancelOrder: async () => {},
    refundPayment: async () => {
      throw new Error('the provider is down');
    },
  };
  const counted = countUndos(registry, halfBroken);
  const undo = { orderId: 'o', key: 'k', undoesKey: 'u', reason: 'internal' } as const;
  await counted.cancelOrder({ ...undo, failedStep: null, facts: {} });
  await expect(counted.refundPayment(undo)).rejects.toThrow('the provider is down');
  const text = await registry.metrics();
  expect(text).toContain('saga_compensations_total{step="SubmitOrder",result="done"} 1');
  expect(text).toContain('saga_compensations_total{step="ProcessPayment",result="failed"} 1');
});
