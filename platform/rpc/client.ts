import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { registerStaticResolver } from '../discovery/static-resolver.ts';
import { type ClientCall, type ClientInterceptor, chain } from './interceptor.ts';
import { boundByCaller } from './interceptors/deadline.ts';
import { receiveErrors } from './interceptors/errors.ts';
import { countSent } from './interceptors/metrics.ts';
import { sendTrace } from './interceptors/trace.ts';
import { asMethod, type RequestOf, type ResponseOf, type ServiceDefinition, type UnaryMethod } from './methods.ts';
import { StatusError } from './status-error.ts';

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

// Reconnects quickly when a service comes back; the default back-off grows to two minutes.
const CHANNEL_OPTIONS = {
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Pings, in milliseconds, find a peer that vanished without closing its socket.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
} as const;

/** The interceptors of every client, outermost first. A client with further concerns adds its own. */
export const CLIENT_INTERCEPTORS: readonly ClientInterceptor[] = [countSent(), receiveErrors(), boundByCaller(), sendTrace()];

registerStaticResolver();

/**
 * One channel to one service. `target` names where the service is: `host:port`, `dns:///host:port` for every address of a name, or
 * `static:///host:port,host:port` for listed instances. No retries here: under activities Temporal retries, above them the caller does.
 */
export function createClient<D extends ServiceDefinition>(
  definition: D,
  options: { readonly target: string; readonly interceptors?: readonly ClientInterceptor[] },
): GrpcClient<D> {
  const { target, interceptors = CLIENT_INTERCEPTORS } = options;
  const channel = new Client(target, credentials.createInsecure(), CHANNEL_OPTIONS);
  const calls: Record<string, (request: unknown, limits: CallLimits) => Promise<unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    const send = chain(interceptors, (call) => unary(channel, method, call));
    calls[name] = (request, { deadlineMs, signal }) => {
      const deadlineAtMs = Date.now() + deadlineMs;
      return send({ target, method: method.path, request, metadata: new Metadata(), deadlineAtMs, signal });
    };
  }
  return {
    // Complete: every method of the definition is in it.
    calls: calls as UnaryCalls<D>,
    ready: (limitMs) =>
      new Promise((resolve, reject) => {
        channel.waitForReady(Date.now() + limitMs, (error) => (error ? reject(unreachable(target)) : resolve()));
      }),
    close: () => channel.close(),
  };
}

/** Sends the call and rejects with grpc-js's own error. */
function unary(channel: Client, method: UnaryMethod<never, unknown>, call: ClientCall): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = asMethod(method);
  const { request, metadata, deadlineAtMs, signal } = call;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const options = { deadline: deadlineAtMs };
    const sent = channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, done);
    const abort = () => sent.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    function done(error: ServiceError | null, response: unknown): void {
      signal?.removeEventListener('abort', abort);
      if (error) reject(error);
      else resolve(response);
    }
  });
}

function cancelled(): StatusError {
  return new StatusError({ code: 'CANCELLED', reason: 'cancelled', message: 'Cancelled before it was sent' });
}

function unreachable(target: string): StatusError {
  return new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message: `No connection to ${target}` });
}
