/** The worker of the task queue `background`: the dispatcher of events and the reconciler. */
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { DispatchActivities } from '../contracts/dispatch.ts';
import type { ReconcileActivities } from '../contracts/reconcile.ts';
import { BACKGROUND_TASK_QUEUE } from '../contracts/task-queues.ts';
import { COMMON_SETTINGS } from './order-worker.ts';

/** How a worker runs, each number with its reason. */
const SETTINGS = {
  // One dispatcher, one scheduled reconciliation, and those that operators start: a handful of workflows.
  maxCachedWorkflows: 10,
  maxConcurrentWorkflowTaskExecutions: 5,
  // The least that the SDK allows a worker with a cache.
  maxConcurrentWorkflowTaskPolls: 2,
  maxConcurrentActivityTaskPolls: 2,
  // Every one of them keeps its activity for minutes; a dispatcher never waits for reconciliations.
  maxConcurrentActivityTaskExecutions: 10,
  ...COMMON_SETTINGS,
} as const satisfies Partial<WorkerOptions>;

/** Tests give a task queue of their own and leave out activities that they do not need. */
export function createBackgroundWorker(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly activities: Partial<DispatchActivities & ReconcileActivities>;
  readonly taskQueue?: string;
  readonly settings?: Partial<WorkerOptions>;
}): Promise<Worker> {
  const { settings, taskQueue = BACKGROUND_TASK_QUEUE, ...given } = options;
  return Worker.create({ ...SETTINGS, ...settings, ...given, taskQueue });
}
