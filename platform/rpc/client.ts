import { type CallOptions, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { currentContext, traceparentOf } from '../telemetry/context.ts';
import { asMethod, type RequestOf, type ResponseOf, type ServiceDefinition } from './methods.ts';
import { decodeStatus, StatusError } from './status-error.ts';

export type CallLimits = {
  /** Milliseconds this call may take. */
  readonly deadlineMs: number;
  /** Aborting ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
};

/** One promise-returning function per RPC; rejects with StatusError only. */
export type UnaryCalls<D extends ServiceDefinition> = {
  readonly [M in keyof D]: (request: RequestOf<D[M]>, limits: CallLimits) => Promise<ResponseOf<D[M]>>;
};

export type GrpcClient<D extends ServiceDefinition> = {
  readonly calls: UnaryCalls<D>;
  /** Resolves when the channel is connected; rejects after the limit. */
  ready(limitMs: number): Promise<void>;
  close(): void;
};

// Reconnect quickly when a service comes back; the default back-off grows to two minutes.
const CHANNEL_OPTIONS = {
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // A peer that vanished without closing its socket is found by pings, in milliseconds.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
} as const;

/** One channel to one service. No retries here: under activities Temporal retries, above them the caller does. */
export function createGrpcClient<D extends ServiceDefinition>(definition: D, address: string): GrpcClient<D> {
  const client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const calls: Record<string, (request: unknown, limits: CallLimits) => Promise<unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    const { path, requestSerialize, responseDeserialize } = asMethod(method);
    calls[name] = (request, { deadlineMs, signal }) =>
      new Promise((resolve, reject) => {
        const options: CallOptions = { deadline: Date.now() + deadlineMs };
        const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, callMetadata(), options, done);
        const abort = () => call.cancel();
        signal?.addEventListener('abort', abort, { once: true });
        function done(error: ServiceError | null, response: unknown): void {
          signal?.removeEventListener('abort', abort);
          if (error) reject(decodeStatus(error));
          else resolve(response);
        }
      });
  }
  return {
    calls: calls as UnaryCalls<D>,
    ready: (limitMs) =>
      new Promise((resolve, reject) => {
        client.waitForReady(Date.now() + limitMs, (error) => (error ? reject(unreachable(address)) : resolve()));
      }),
    close: () => client.close(),
  };
}

function callMetadata(): Metadata {
  const metadata = new Metadata();
  const context = currentContext();
  if (context) metadata.set('traceparent', traceparentOf(context));
  return metadata;
}

function unreachable(address: string): StatusError {
  return new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: `No connection to ${address}` });
}
