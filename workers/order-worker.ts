/** The worker of the task queue `orders`: order workflows and the activities that call the services for them. */
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createConfirmActivity } from '../activities/confirm.ts';
import { withProviderSlots } from '../activities/provider-slots.ts';
import type { ServiceCalls } from '../contracts/activities.ts';
import { ORDERS_TASK_QUEUE } from '../contracts/task-queues.ts';

/** What holds for the worker of either task queue. */
export const COMMON_SETTINGS = {
  // Workflows in flight on a worker that died wait this long for another one; the default is 10 s.
  stickyQueueScheduleToStartTimeout: '1 second',
  // A stopping worker lets calls in flight end (those of an order's attempt take 8 s at most together), or each would cost an
  // attempt's time.
  shutdownGraceTime: '9 seconds',
  // An activity that never returns does not keep the process; less than the 15 s after which the process is ended.
  shutdownForceTime: '13 seconds',
} as const satisfies Partial<WorkerOptions>;

/** How a worker runs, each number with its reason. */
export const WORKER_SETTINGS = {
  // Several times the sagas that one worker has in flight. A paid order waits for days: keeping it costs the collector more (a
  // thousand of them: half as much again of the worker's time per order) than replaying it when something happens to it.
  maxCachedWorkflows: 200,
  // Enough for one process on two cores; more polls and tasks gained nothing measurable.
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentWorkflowTaskPolls: 5,
  maxConcurrentActivityTaskPolls: 5,
  // Below the number that the services' connection pools can queue within an RPC's deadline.
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentLocalActivityExecutions: 100,
  ...COMMON_SETTINGS,
} as const satisfies Partial<WorkerOptions>;

// The share of the activity slots that calls of the payment provider get; the rest is never taken by them.
const PROVIDER_SHARE = 0.5;

/** Tests give a task queue and settings of their own. `activities` may hold more than the calls of the services. */
export function createOrderWorker(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly activities: ServiceCalls;
  readonly taskQueue?: string;
  readonly settings?: Partial<WorkerOptions>;
}): Promise<Worker> {
  const { activities: calls, taskQueue = ORDERS_TASK_QUEUE, settings, ...given } = options;
  const activitySlots = settings?.maxConcurrentActivityTaskExecutions ?? WORKER_SETTINGS.maxConcurrentActivityTaskExecutions;
  const activities = {
    ...withProviderSlots(calls, Math.floor(activitySlots * PROVIDER_SHARE)),
    ...createConfirmActivity(calls),
  };
  return Worker.create({ ...WORKER_SETTINGS, ...settings, ...given, activities, taskQueue });
}
