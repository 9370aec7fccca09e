import { hostname } from 'node:os';
import type { Worker } from '@temporalio/worker';
import { createOperationsServer } from '../platform/http/operations-server.ts';
import type { Running } from '../platform/lifecycle/run.ts';
import { createLogger, type Logger } from '../platform/telemetry/logs.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { VERSION } from '../platform/version.ts';
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

/** Runs orders: the workflow and the activities that call the four services. */
export async function startWorker(config: WorkerConfig): Promise<Running> {
  const logger = createLogger('worker', config.LOG_LEVEL);
  installRuntime(logger);
  const namespace = config.TEMPORAL_NAMESPACE;
  const [workflowBundle, connection] = await Promise.all([bundleWorkflows(), connectToTemporal(config, logger)]);
  await registerSearchAttributes(connection, namespace, logger);
  const services = connectToServices(config);
  const metrics = createMetrics('worker', VERSION);
  const dispatcher = createDispatcher({ config, registry: metrics.registry });
  watchParkedOrders(metrics.registry, orderCounter(connection, namespace));
  const worker = await createOrderWorker({
    connection,
    namespace,
    workflowBundle,
    activities: {
      ...countUndos(metrics.registry, services.activities),
      ...createReconcileActivities({ connection, namespace, services, config, registry: metrics.registry }),
      ...dispatcher.activities,
    },
    settings: { identity: `worker-${process.pid}@${hostname()}` },
  });
  const working = keepWorking(worker, logger);
  await scheduleReconciler(connection, namespace, logger);
  await startDispatching(connection, namespace, logger);
  const operations = await createOperationsServer({
    service: 'worker',
    version: VERSION,
    checks: createWorkerChecks({ worker, connection, namespace }),
    host: config.BIND_HOST,
    port: config.WORKER_HTTP_PORT,
    registry: metrics.registry,
  });
  logger.info({ http_port: operations.port, task_queue: worker.options.taskQueue }, 'Ready');
  return {
    listening: { http: operations.port },
    async stop() {
      operations.drain();
      dispatcher.stop();
      await working.stop();
      dispatcher.close();
      services.close();
      await connection.close();
      await operations.close();
    },
  };
}

/** A worker that ended unasked cannot be run again: the process ends with it, and whoever watches it starts a new one. */
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
