import { hostname } from 'node:os';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { TaskQueue } from '../contracts/task-queues.ts';
import { createOperationsServer } from '../platform/http/operations-server.ts';
import type { Running } from '../platform/lifecycle/run.ts';
import { createClient } from '../platform/rpc/client.ts';
import { createLogger, type Logger } from '../platform/telemetry/logs.ts';
import { createMetrics, type Metrics } from '../platform/telemetry/metrics.ts';
import { VERSION } from '../platform/version.ts';
import { NotificationsServiceService } from '../proto/gen/shopfast/notifications/v1/notifications.ts';
import { createBackgroundWorker } from './background-worker.ts';
import { bundleWorkflows } from './bundle.ts';
import type { WorkerConfig } from './config.ts';
import { connectToTemporal } from './connection.ts';
import { createDispatcher, startDispatching } from './dispatcher.ts';
import { createWorkerChecks } from './health.ts';
import { countUndos, orderCounter, watchParkedOrders } from './metrics.ts';
import { createOrderWorker } from './order-worker.ts';
import { createReconcileActivities, scheduleReconciler } from './reconciler.ts';
import { installRuntime } from './runtime.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { connectToServices } from './services.ts';

type Deps = {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly connection: NativeConnection;
  readonly services: ReturnType<typeof connectToServices>;
  readonly metrics: Metrics;
  /** What every worker of the process is created with. */
  readonly common: Pick<Parameters<typeof createOrderWorker>[0], 'connection' | 'namespace' | 'workflowBundle' | 'settings'>;
};

/** The worker of one task queue. */
type Role = {
  readonly worker: Worker;
  /** Once the worker polls. */
  begin(): Promise<void>;
  /** Before the worker stops: an activity that goes on for ever ends. */
  drain(): void;
  /** When the worker has stopped. */
  close(): void;
};

const ROLES: Readonly<Record<TaskQueue, (deps: Deps) => Promise<Role>>> = { orders: serveOrders, background: serveBackground };

/** Serves the task queues of WORKER_TASK_QUEUES, each by a worker with slots of its own. */
export async function startWorker(config: WorkerConfig): Promise<Running> {
  const logger = createLogger('worker', config.LOG_LEVEL);
  installRuntime(logger);
  const namespace = config.TEMPORAL_NAMESPACE;
  const [workflowBundle, connection] = await Promise.all([bundleWorkflows(), connectToTemporal(config, logger)]);
  await registerSearchAttributes(connection, namespace, logger);
  const services = connectToServices(config);
  const metrics = createMetrics('worker', VERSION);
  const settings = { identity: `worker-${process.pid}@${hostname()}` };
  const common = { connection, namespace, workflowBundle, settings };
  const deps = { config, logger, connection, services, metrics, common };
  const roles = await Promise.all(config.WORKER_TASK_QUEUES.map((taskQueue) => ROLES[taskQueue](deps)));
  const workers = roles.map(({ worker }) => worker);
  const working = workers.map((worker) => keepWorking(worker, logger));
  for (const role of roles) await role.begin();
  const operations = await createOperationsServer({
    service: 'worker',
    version: VERSION,
    checks: createWorkerChecks({ workers, connection, namespace }),
    host: config.BIND_HOST,
    port: config.WORKER_HTTP_PORT,
    registry: metrics.registry,
  });
  logger.info({ http_port: operations.port, task_queues: config.WORKER_TASK_QUEUES }, 'Ready');
  return {
    listening: { http: operations.port },
    async stop() {
      operations.drain();
      for (const role of roles) role.drain();
      await Promise.all(working.map((worker) => worker.stop()));
      for (const role of roles) role.close();
      services.close();
      await connection.close();
      await operations.close();
    },
  };
}

async function serveOrders({ services, metrics, common }: Deps): Promise<Role> {
  const activities = countUndos(metrics.registry, services.activities);
  const worker = await createOrderWorker({ ...common, activities });
  return { worker, begin: async () => {}, drain() {}, close() {} };
}

async function serveBackground({ config, logger, connection, services, metrics, common }: Deps): Promise<Role> {
  const { namespace } = common;
  const { registry } = metrics;
  const dispatcher = createDispatcher({ config, registry });
  watchParkedOrders(registry, orderCounter(connection, namespace));
  const notifications = createClient(NotificationsServiceService, { target: config.NOTIFICATIONS_ADDRESS });
  const audited = { ...services.clients, notifications };
  const reconciling = createReconcileActivities({ connection, namespace, services, audited, config, registry });
  const worker = await createBackgroundWorker({ ...common, activities: { ...reconciling, ...dispatcher.activities } });
  return {
    worker,
    async begin() {
      await scheduleReconciler(connection, namespace, logger);
      await startDispatching(connection, namespace, logger);
    },
    drain: () => dispatcher.stop(),
    close() {
      dispatcher.close();
      notifications.close();
    },
  };
}

/** A worker that ended by itself cannot be run again: the process ends with it, and its supervisor starts a new one. */
function keepWorking(worker: Worker, logger: Logger) {
  let stopping = false;
  const ended = worker.run().then(
    () => {
      if (!stopping) end(logger, undefined);
    },
    (error: unknown) => {
      if (!stopping) end(logger, error);
      else logger.error({ error }, 'The worker did not stop cleanly');
    },
  );
  return {
    async stop() {
      stopping = true;
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

function end(logger: Logger, error: unknown): void {
  logger.fatal({ error }, 'The worker stopped by itself');
  process.exit(1);
}
