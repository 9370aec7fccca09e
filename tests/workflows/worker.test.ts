/** The worker around the workflow: its connection, its health, and orders that outlive it. */
import { randomUUID } from 'node:crypto';
import { createServer, connect as dial } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { NativeConnection, type Worker } from '@temporalio/worker';
import pino from 'pino';
import { SEARCH_ATTRIBUTES } from '../../contracts/order.ts';
import { loadConfig } from '../../platform/config/load.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { workerConfig } from '../../workers/config.ts';
import { connectToTemporal } from '../../workers/connection.ts';
import { createWorkerChecks } from '../../workers/health.ts';
import { createOrderWorker } from '../../workers/order-worker.ts';
import { registerSearchAttributes } from '../../workers/search-attributes.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeActivities } from './support/fake-activities.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';

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

  await lab.restartWorker();

  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  const made = order.calls.map((call) => call.activity);
  expect(made.filter((activity) => activity === 'processPayment').length).toBe(2);
  expect(new Set(order.calls.filter(({ activity }) => activity === 'processPayment').map(({ key }) => key)).size).toBe(1);
  expect(made.filter((activity) => activity === 'reserveInventory')).toHaveLength(1);
  expect(made.filter((activity) => activity === 'confirmOrder')).toHaveLength(1);
});
