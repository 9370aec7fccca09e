import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { ConfigError } from '../platform/config/load.ts';
import type { Logger } from '../platform/logging/logger.ts';
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
  const options = await connectionOptions(config);
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

async function connectionOptions(config: WorkerConfig): Promise<NativeConnectionOptions> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey } = config;
  const clientCertPair = await certificateOf(config);
  return {
    address,
    ...(apiKey ? { apiKey, tls: true } : {}),
    ...(clientCertPair ? { tls: { clientCertPair } } : {}),
  };
}

async function certificateOf({ TEMPORAL_TLS_CERT_FILE: certFile, TEMPORAL_TLS_KEY_FILE: keyFile }: WorkerConfig) {
  if (!certFile && !keyFile) return undefined;
  if (!certFile) throw new ConfigError('Configuration: TEMPORAL_TLS_CERT_FILE is missing beside TEMPORAL_TLS_KEY_FILE');
  if (!keyFile) throw new ConfigError('Configuration: TEMPORAL_TLS_KEY_FILE is missing beside TEMPORAL_TLS_CERT_FILE');
  const [crt, key] = await Promise.all([readPem('TEMPORAL_TLS_CERT_FILE', certFile), readPem('TEMPORAL_TLS_KEY_FILE', keyFile)]);
  return { crt, key };
}

async function readPem(variable: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error: unknown) {
    throw new ConfigError(`Configuration: ${variable}: ${file} cannot be read`, { cause: error });
  }
}

function unreachable({ TEMPORAL_ADDRESS }: WorkerConfig, cause: unknown): ConfigError {
  return new ConfigError(`No Temporal server answers at ${TEMPORAL_ADDRESS}: start one or set TEMPORAL_ADDRESS`, { cause });
}
