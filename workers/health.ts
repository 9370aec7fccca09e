import type { NativeConnection, Worker } from '@temporalio/worker';
import type { DependencyCheck } from '../platform/http/operations-server.ts';

// temporal.api.enums.v1.TaskQueueType
const WORKFLOW_TASKS = 1;

/**
 * A worker whose pollers have died looks alive by every other sign. So this process must say that it polls every queue that it
 * serves, and the server must have seen it do so: it forgets a poller after five minutes.
 */
export function createWorkerChecks(options: {
  readonly workers: readonly Worker[];
  readonly connection: NativeConnection;
  readonly namespace: string;
}): Readonly<Record<'worker' | 'temporal', DependencyCheck>> {
  const { workers, connection, namespace } = options;
  return {
    async worker() {
      for (const worker of workers) requirePolling(worker);
    },
    async temporal() {
      await Promise.all(
        workers.map(async ({ options: { taskQueue, identity } }) => {
          const { pollers } = await connection.workflowService.describeTaskQueue({
            namespace,
            taskQueue: { name: taskQueue },
            taskQueueType: WORKFLOW_TASKS,
          });
          if (pollers.some((poller) => poller.identity === identity)) return;
          throw new Error(`the server knows no poll of this worker for ${taskQueue}`);
        }),
      );
    },
  };
}

function requirePolling(worker: Worker): void {
  const { taskQueue } = worker.options;
  const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
  if (runState !== 'RUNNING') throw new Error(`the worker of ${taskQueue} is ${runState}`);
  if (workflowPollerState !== 'POLLING') throw new Error(`the workflow poller of ${taskQueue} is ${workflowPollerState}`);
  if (activityPollerState !== 'POLLING') throw new Error(`the activity poller of ${taskQueue} is ${activityPollerState}`);
}
