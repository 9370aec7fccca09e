/** Real Temporal, real workflow code, a real worker; only the services behind the activities are fakes. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker, type WorkerOptions } from '@temporalio/worker';
import pino from 'pino';
import type { ServiceCalls } from '../../../contracts/activities.ts';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import {
  ORDER_WORKFLOW_TYPE,
  type OrderInput,
  type OrderOutcome,
  OUTCOME_UPDATE_ID,
  outcomeUpdate,
} from '../../../contracts/order.ts';
import type { ReconcileActivities } from '../../../contracts/reconcile.ts';
import { startOrderOptions } from '../../../contracts/start-order.ts';
import { createTestTemporal } from '../../../testkit/temporal.ts';
import { createBackgroundWorker } from '../../../workers/background-worker.ts';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import { createOrderWorker } from '../../../workers/order-worker.ts';
import { registerSearchAttributes } from '../../../workers/search-attributes.ts';
import { type Call, createFakeActivities, type Scripts } from './fake-activities.ts';

export type OrderLab = Awaited<ReturnType<typeof createOrderLab>>;

export type PlacedOrder = {
  readonly input: OrderInput;
  readonly handle: WorkflowHandle;
  /** Grows while the order runs. */
  readonly calls: readonly Call[];
  readonly outcome: Promise<OrderOutcome>;
};

/** An order without what every test has the same of. */
export type AskedOrder = Omit<OrderInput, keyof typeof STANDARD> & Partial<Pick<OrderInput, keyof typeof STANDARD>>;

// Longer than a busy machine needs for a step, and than a test waits for the end of an order that nobody ends.
const LIMITS = { stepLimitMs: 60_000, returnWindowMs: 86_400_000 };
// Older than every product of a test, which is then sold at its first price.
const STANDARD = { ...LIMITS, submittedAt: '2026-01-01T00:00:00.000Z' };

let runtimeInstalled = false;

/** Expected failures are part of these tests; what the SDK says of them is not. */
export function quietRuntime(): void {
  if (!runtimeInstalled) Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  runtimeInstalled = true;
}

type LabOptions = {
  readonly settings?: Partial<WorkerOptions>;
  readonly workflowBundle?: NonNullable<WorkerOptions['workflowBundle']>;
  /** Instead of fakes; then `ask` is the way to place an order. */
  readonly activities?: ServiceCalls;
  /** With these a second worker runs, of a background queue. */
  readonly background?: (at: { connection: NativeConnection; namespace: string; ordersTaskQueue: string }) => ReconcileActivities;
};

export async function createOrderLab(options: LabOptions = {}) {
  quietRuntime();
  const temporal = await createTestTemporal();
  const { client, namespace } = temporal;
  const connection = await NativeConnection.connect({ address: temporal.address });
  await registerSearchAttributes(connection, namespace, pino({ level: 'silent' }));
  const workflowBundle = options.workflowBundle ?? (await bundleWorkflows());
  const [taskQueue, backgroundTaskQueue] = [`orders-${randomUUID()}`, `background-${randomUUID()}`];
  const fakes = createFakeActivities();
  const gates = createGates();
  const common = { connection, namespace, workflowBundle };

  const startWorker = async () => {
    const settings = { ...options.settings, shutdownGraceTime: 0 };
    const activities = options.activities ?? fakes.activities;
    return run(await createOrderWorker({ ...common, taskQueue, activities, settings }));
  };
  const background = options.background?.({ connection, namespace, ordersTaskQueue: taskQueue });
  const workers = { orders: await startWorker(), background: background && (await startBackground(background)) };

  async function startBackground(activities: ReconcileActivities) {
    const settings = { shutdownGraceTime: 0 };
    return run(await createBackgroundWorker({ ...common, taskQueue: backgroundTaskQueue, activities, settings }));
  }

  /** Update-with-Start, as the gateway does it: the first caller starts the order, the others join. */
  function ask(order: AskedOrder, startOptions: object = {}): Promise<OrderOutcome> {
    const startWorkflowOperation = new WithStartWorkflowOperation(ORDER_WORKFLOW_TYPE, {
      ...startOrderOptions({ ...STANDARD, ...order }, taskQueue),
      ...startOptions,
    });
    return client.workflow.executeUpdateWithStart(outcomeUpdate, { updateId: OUTCOME_UPDATE_ID, startWorkflowOperation });
  }

  return {
    temporal,
    connection,
    taskQueue,
    backgroundTaskQueue,
    ask,
    gate: gates.gate,
    /** An order whose activities answer as its scripts say. */
    place(scripts: Scripts = {}, given: Partial<OrderInput> = {}, startOptions: StartOptions = {}): PlacedOrder {
      const input: OrderInput = { ...newOrder(), ...given };
      const calls = fakes.expect(input, scripts);
      const outcome = ask(input, startOptions);
      // A test that ends early leaves an order that nobody waits for.
      outcome.catch(() => {});
      return { input, calls, handle: client.workflow.getHandle(orderWorkflowId(input.orderId)), outcome };
    },
    /** The worker's memory of open orders goes with it. */
    stopWorker: () => workers.orders.stop(),
    async startWorker() {
      workers.orders = await startWorker();
    },
    async close() {
      gates.openAll();
      await workers.orders.stop();
      await workers.background?.stop();
      await connection.close();
      await temporal.close();
    },
  };
}

type StartOptions = { readonly workflowTaskTimeout?: string; readonly memo?: object };

function newOrder(): OrderInput {
  return {
    ...STANDARD,
    orderId: randomUUID(),
    userId: randomUUID(),
    lines: [{ productId: randomUUID(), quantity: 2 }],
    paymentMethod: 'tok_ok',
  };
}

function run(worker: Worker) {
  const ended = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await ended;
    },
  };
}

/** Something for an activity to wait at; open when the lab closes, at the latest. */
function createGates() {
  const gates: { open(): void }[] = [];
  return {
    gate() {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const gate = { passed: promise, open: () => resolve(undefined) };
      gates.push(gate);
      return gate;
    },
    openAll() {
      for (const gate of gates) gate.open();
    },
  };
}
