/** The order workflow as the gateway uses it. Only this folder knows Temporal. */
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { GatewayConfig } from '../../config.ts';
import { openTemporal } from './connection.ts';
import { createOutcome } from './outcome.ts';
import { createParkedOrders } from './parked.ts';
import { createProgress } from './progress.ts';
import { createCommandSender } from './update.ts';

export type OrderWorkflow = Awaited<ReturnType<typeof openOrderWorkflow>>;

/** Connects on first use. */
export async function openOrderWorkflow(options: {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly taskQueue?: string | undefined;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}) {
  const { config, logger, taskQueue, stopping } = options;
  const temporal = await openTemporal(config);
  return {
    ...createOutcome({ temporal, logger, taskQueue, stopping }),
    ...createProgress(temporal),
    ...createCommandSender(temporal),
    ...createParkedOrders(temporal),
    check: temporal.check,
    close: temporal.close,
  };
}
