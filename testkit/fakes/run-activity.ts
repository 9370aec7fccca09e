import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { CancelledFailure, noopMetricMeter } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';

/** Runs an activity as a worker does, without a server. */
export function runActivity<T>(
  run: () => Promise<T>,
  options: {
    readonly startToCloseTimeoutMs?: number;
    readonly cancelled?: Promise<void>;
    readonly heartbeat?: () => void;
  } = {},
): Promise<T> {
  const controller = new AbortController();
  const cancelled = new Promise<never>((_, reject) => {
    void options.cancelled?.then(() => {
      const failure = new CancelledFailure('CANCELLED');
      controller.abort(failure);
      reject(failure);
    });
  });
  cancelled.catch(() => {});
  const { startToCloseTimeoutMs = 10_000, heartbeat = () => {} } = options;
  const log = new DefaultLogger('ERROR');
  const context = new Context(
    { ...INFO, startToCloseTimeoutMs },
    cancelled,
    controller.signal,
    heartbeat,
    undefined,
    log,
    noopMetricMeter,
    {},
  );
  return asyncLocalStorage.run(context, run);
}

const INFO: Info = {
  taskToken: new Uint8Array(),
  base64TaskToken: '',
  activityId: '1',
  activityType: 'any',
  activityNamespace: 'default',
  attempt: 1,
  isLocal: false,
  scheduledTimestampMs: 0,
  scheduleToCloseTimeoutMs: 0,
  startToCloseTimeoutMs: 0,
  currentAttemptScheduledTimestampMs: 0,
  heartbeatDetails: undefined,
  taskQueue: 'orders',
  namespace: 'default',
  inWorkflow: true,
};
