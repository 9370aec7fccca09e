import { DefaultLogger, type LogEntry, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from '../platform/telemetry/logs.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
// From the least to the most urgent.
const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

/**
 * Sends what the SDK, workflows and activities log into the process's own log. Once per process, before anything else of the
 * SDK. The process stops by its own rule, so the SDK listens to no signal.
 */
export function installRuntime(logger: Logger): void {
  // What nobody wants to read is not put together: the SDK says several things of every activity.
  const level = NAMES.find((name) => logger.isLevelEnabled(LEVELS[name])) ?? 'ERROR';
  Runtime.install({
    logger: new DefaultLogger(level, (entry) => write(logger, entry)),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
    shutdownSignals: [],
  });
}

function write(logger: Logger, { level, message, meta }: LogEntry): void {
  const { workflowId, runId, activityType, attempt, sdkComponent, error, ...rest } = meta ?? {};
  logger[LEVELS[level]](
    {
      ...(workflowId ? { workflow_id: workflowId, run_id: runId } : {}),
      ...(activityType ? { activity_type: activityType, attempt } : {}),
      ...(error ? { error } : {}),
      ...withoutNoise(rest),
      component: sdkComponent,
    },
    message,
  );
}

/** What was said, without what the SDK adds to every line. */
function withoutNoise({
  namespace: _namespace,
  taskQueue: _taskQueue,
  workflowType: _workflowType,
  activityId: _activityId,
  isLocal: _isLocal,
  ...said
}: Record<string, unknown>): Record<string, unknown> {
  return said;
}
