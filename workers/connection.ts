import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { ConfigError } from '../platform/config/load.ts';
import type { Logger } from '../platform/telemetry/logs.ts';
import { temporalCredentials } from '../platform/temporal/credentials.ts';
import type { WorkerConfig } from './config.ts';

// Milliseconds to wait for a server that is still starting, and between two attempts.
const CONNECT_LIMIT_MS = 60_000;
const CONNECT_PAUSE_MS = 1_000;

/** Connects to Temporal, waiting for a server that comes up later than its worker. */
export async function connectToTemporal(
  config: WorkerConfig,
  logger: Logger,
  limitMs: number = CONNECT_LIMIT_MS,
): Promise<NativeConnection> {
  const options = { address: config.TEMPORAL_ADDRESS, ...(await temporalCredentials(config)) };
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await NativeConnection.connect(options);
    } catch (error: unknown) {
      if (performance.now() > endMs) throw unreachable(config, error);
      logger.warn({ address: config.TEMPORAL_ADDRESS }, 'Temporal does not answer yet');
      await pause(CONNECT_PAUSE_MS);
    }
  }
}

function unreachable({ TEMPORAL_ADDRESS }: WorkerConfig, cause: unknown): ConfigError {
  return new ConfigError(`No Temporal server answers at ${TEMPORAL_ADDRESS}: start one or set TEMPORAL_ADDRESS`, { cause });
}
