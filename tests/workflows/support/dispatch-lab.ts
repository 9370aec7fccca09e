/** Real Temporal, the real dispatcher in real workers; the services are in memory, behind real gRPC. */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, type LogEntry, NativeConnection, Runtime } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { DISPATCH_WORKFLOW_TYPE } from '../../../contracts/dispatch.ts';
import { eventually } from '../../../testkit/eventually.ts';
import { startReceiver } from '../../../testkit/fakes/webhook-receiver.ts';
import { createTestTemporal } from '../../../testkit/temporal.ts';
import { createBackgroundWorker } from '../../../workers/background-worker.ts';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import { createDispatcher, type DispatcherConfig } from '../../../workers/dispatcher.ts';
import type { DispatchOrder } from './dispatching-worker.ts';
import { SECRET, startFakeEvents } from './fake-events.ts';

export const TYPES = ['order.submitted', 'order.reserved', 'order.paid', 'order.shipped', 'payment.refunded'];
/** The sequences of an order's events. */
export const ALL = TYPES.map((_, nth) => nth + 1);

type Store = Awaited<ReturnType<typeof startFakeEvents>>;
type Addresses = Store['addresses'];

export type DispatchLab = Awaited<ReturnType<typeof createDispatchLab>>;

/** Everything that happens to so many orders, by turns. */
export function live(store: Store, orders: number): string[] {
  const ids = Array.from({ length: orders }, (_, nth) => `order-${nth}`);
  for (const type of TYPES) for (const id of ids) store.happen(id, type);
  return ids;
}

export function allDelivered(store: Store, limitMs = 20_000): Promise<number> {
  return eventually(
    async () => store.pending() + store.unrelayed(),
    (left) => left === 0,
    limitMs,
  );
}

export async function createDispatchLab() {
  const logs: LogEntry[] = [];
  Runtime.install({ logger: new DefaultLogger('DEBUG', (entry) => logs.push(entry)) });
  const temporal = await createTestTemporal();
  const { address, namespace } = temporal;
  const connection = await NativeConnection.connect({ address });
  const workflowBundle = await bundleWorkflows();
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-dispatch-'));
  const codePath = join(folder, 'workflows.cjs');
  writeFileSync(codePath, workflowBundle.code);
  const ends: (() => Promise<unknown>)[] = [];
  const servers: { close(): Promise<unknown> }[] = [];

  return {
    temporal,
    logs,
    async receiver(answer?: Parameters<typeof startReceiver>[1]) {
      const receiver = await startReceiver(SECRET, answer);
      servers.push(receiver);
      return receiver;
    },
    async events(options: Parameters<typeof startFakeEvents>[0]) {
      const store = await startFakeEvents(options);
      servers.push(store);
      return store;
    },
    async closeServers() {
      for (const server of servers.splice(0).reverse()) await server.close();
    },
    connection,
    newTaskQueue: () => `dispatch-${randomUUID()}`,
    newSpool: () => join(folder, randomUUID()),
    mailsIn: (spool: string) => readdirSync(spool).sort(),

    async startWorker(options: { addresses: Addresses; taskQueue: string; spool?: string; runMs?: number }) {
      const { addresses, taskQueue, spool = join(folder, randomUUID()), runMs } = options;
      const config = { ...configFor(addresses, spool), SMTP_URL: undefined };
      const worker = await startWorker({ connection, namespace, workflowBundle, taskQueue, config, runMs });
      ends.push(worker.stop);
      return worker;
    },

    /** A worker as a process of its own. */
    async startProcess({ addresses, taskQueue, spool }: { addresses: Addresses; taskQueue: string; spool: string }) {
      const order: DispatchOrder = { temporal: address, namespace, taskQueue, codePath, config: configFor(addresses, spool) };
      const child = await startProcess(order);
      ends.push(child.kill);
      return child;
    },

    async startDispatching(taskQueue: string) {
      const handle = await temporal.client.workflow.start(DISPATCH_WORKFLOW_TYPE, { workflowId: taskQueue, taskQueue });
      const byId = temporal.client.workflow.getHandle(taskQueue);
      ends.push(() => byId.terminate().catch(() => {}));
      return { handle, byId };
    },

    async close() {
      for (const end of ends.reverse()) await end();
      await connection.close();
      await temporal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configFor(addresses: Addresses, spool: string) {
  const ways = { WEBHOOK_PRIVATE_ADDRESSES: 'allow', MAIL_FROM: 'orders@shop.example', MAIL_SPOOL_DIR: spool } as const;
  return { ...addresses, ...ways };
}

async function startWorker(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: Awaited<ReturnType<typeof bundleWorkflows>>;
  readonly taskQueue: string;
  readonly config: DispatcherConfig;
  readonly runMs: number | undefined;
}) {
  const { config, runMs, ...where } = options;
  const dispatcher = createDispatcher({ config, registry: new Registry(), ...(runMs === undefined ? {} : { runMs }) });
  const worker = await createBackgroundWorker({ ...where, activities: dispatcher.activities });
  const running = worker.run();
  return {
    /** As workers/server.ts does it; answers how many milliseconds it took. */
    async stop(): Promise<number> {
      if (worker.getState() !== 'RUNNING') return 0;
      const startedMs = performance.now();
      dispatcher.stop();
      worker.shutdown();
      await running;
      dispatcher.close();
      return performance.now() - startedMs;
    },
  };
}

async function startProcess(order: DispatchOrder) {
  const child = fork('tests/workflows/support/dispatching-worker.ts', [JSON.stringify(order)], { execArgv: [] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.once('message', resolve));
  return {
    kill() {
      child.kill('SIGKILL');
      return exited;
    },
  };
}
