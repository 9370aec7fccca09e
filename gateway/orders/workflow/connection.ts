import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import { temporalCredentials } from '../../../platform/temporal/credentials.ts';
import type { GatewayConfig } from '../../config.ts';

export type Temporal = Awaited<ReturnType<typeof openTemporal>>;

/**
 * A connection that fails fast. The SDK's default retries UNAVAILABLE ten times, which would hold a customer for half a minute; here
 * the caller gets a 503 immediately and the same Idempotency-Key goes on later. Connects on first use and again whenever the server
 * comes back.
 */
export async function openTemporal(config: GatewayConfig) {
  const namespace = config.TEMPORAL_NAMESPACE;
  const connection = Connection.lazy({
    address: config.TEMPORAL_ADDRESS,
    interceptors: [],
    channelArgs: {
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 3_000,
    },
    ...(await temporalCredentials(config)),
  });

  function within<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
    return connection.withDeadline(Date.now() + limitMs, call);
  }

  return {
    client: new Client({ connection, namespace }),
    connection,
    /** Ends `call` with DEADLINE_EXCEEDED when all its requests together exceed the limit. Without one a call may wait for ever. */
    within,
    /** Asks only the server's front end. Rejects when it does not answer in time. */
    ping: (limitMs: number) => within(limitMs, () => connection.workflowService.getSystemInfo({})),
    /** Asks for the namespace, which needs the server's store. */
    check: (limitMs: number) => within(limitMs, () => connection.workflowService.describeNamespace({ namespace })),
    close: () => connection.close(),
  };
}

/** True when the server answered with an error: with this gRPC code, when one is given. */
export function isServerFault(error: unknown, code?: number): boolean {
  if (isGrpcServiceError(error)) return code === undefined || error.code === code;
  return error instanceof Error && isServerFault(error.cause, code);
}
