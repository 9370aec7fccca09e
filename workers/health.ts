import type { NativeConnection, Worker } from '@temporalio/worker';
import type { DependencyCheck } from '../platform/http/operations-server.ts';

// temporal.api.enums.v1.TaskQueueType
const WORKFLOW_TASKS = 1;

/**
 * A worker whose pollers have died looks alive by every other sign. So this process must say that it polls, and the server
 * must have seen it do so: it forgets a poller after five minutes.
 */
export function createWorkerChecks(options: {
  readonly worker: Worker;
  readonly connection: NativeConnection;
  readonly namespace: string;
}): Readonly<Record<'worker' | 'temporal', DependencyCheck>> {
  const { worker, connection, namespace } = options;
  const { taskQueue, identity } = worker.options;
  return {
    async worker() {
      const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
      if (runState !== 'RUNNING') throw new Error(`the worker is ${runState}`);
      if (workflowPollerState !== 'POLLING') throw new Error(`its workflow poller is ${workflowPollerState}`);
      if (activityPollerState !== 'POLLING') throw new Error(`its activity poller is ${activityPollerState}`);
    },
    async temporal() {
      const { pollers } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: WORKFLOW_TASKS,
      });
      if (!pollers.some((poller) => poller.identity === identity)) throw new Error('the server knows no poll of this worker');
    },
  };
}
