import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createConfirmActivity } from '../activities/confirm.ts';
import type { ServiceCalls } from '../contracts/activities.ts';
import type { DispatchActivities } from '../contracts/dispatch.ts';
import type { ReconcileActivities } from '../contracts/reconcile.ts';
import { ORDERS_TASK_QUEUE } from '../contracts/task-queues.ts';

/** How a worker runs, each number with its reason. */
export const WORKER_SETTINGS = {
  // Orders in flight on a worker that died wait this long for another one; the default is 10 s.
  stickyQueueScheduleToStartTimeout: '1 second',
  // Several times what one worker has in its sagas at once. A paid order waits for days: keeping it costs the collector more
  // (a thousand of them: half as much again of the worker's time per order) than replaying it when something happens to it.
  maxCachedWorkflows: 200,
  // Enough for one process on two cores; more polls and tasks gained nothing measurable.
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentWorkflowTaskPolls: 5,
  maxConcurrentActivityTaskPolls: 5,
  // Below what the services' connection pools can queue within an RPC's deadline.
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentLocalActivityExecutions: 100,
  // A stopping worker lets calls in flight end (those of an order's attempt take 8 s at most together), or each would cost a whole
  // attempt's time.
  shutdownGraceTime: '9 seconds',
  // An activity that never returns does not keep the process; less than the 15 s after which the process is ended.
  shutdownForceTime: '13 seconds',
} as const satisfies Partial<WorkerOptions>;

/** A worker for order workflows and their activities; tests give it a task queue and settings of their own. */
export function createOrderWorker(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly activities: ServiceCalls & Partial<ReconcileActivities & DispatchActivities>;
  readonly taskQueue?: string;
  readonly settings?: Partial<WorkerOptions>;
}): Promise<Worker> {
  const { settings, taskQueue = ORDERS_TASK_QUEUE, ...given } = options;
  const activities = { ...given.activities, ...createConfirmActivity(given.activities) };
  return Worker.create({ ...WORKER_SETTINGS, ...settings, ...given, activities, taskQueue });
}
