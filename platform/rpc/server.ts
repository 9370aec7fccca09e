import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from '../telemetry/logs.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ToStatus } from './domain-status.ts';
import { chain, type Next, type ServerCall, type ServerInterceptor } from './interceptor.ts';
import { logAnswered } from './interceptors/access-log.ts';
import { withinCall } from './interceptors/deadline.ts';
import { sendErrors } from './interceptors/errors.ts';
import { identifySubject } from './interceptors/identity.ts';
import { countAnswered } from './interceptors/metrics.ts';
import { receiveTrace } from './interceptors/trace.ts';
import { asMethod, type RequestOf, type ResponseOf, type ServedService, type ServiceDefinition } from './methods.ts';
import { encodeStatus, StatusError } from './status-error.ts';

/**
 * One async function per RPC. An error that it throws becomes a status: a StatusError unchanged, a domain error by the service's
 * table, any other error INTERNAL without its message.
 */
export type Handlers<D extends ServiceDefinition> = {
  readonly [M in keyof D]: (request: RequestOf<D[M]>) => Promise<ResponseOf<D[M]>>;
};

/** The handlers of a service. Their types are checked against the definition here and forgotten afterwards. */
export function served<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): ServedService {
  return { definition, handlers };
}

export type GrpcServer = {
  readonly port: number;
  /** Stops taking calls and waits for those in flight. */
  close(): Promise<void>;
};

export async function createGrpcServer<D extends ServiceDefinition>(options: {
  readonly definition: D;
  readonly handlers: Handlers<D>;
  /** Further services on the same server. */
  readonly alsoServe?: readonly ServedService[];
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The table of the service's domain errors; without one there are none. */
  readonly toStatus?: ToStatus;
  /** Describes the calls to every caller; for development only. */
  readonly reflection?: boolean;
}): Promise<GrpcServer> {
  const { logger, metrics, toStatus = (error) => error } = options;
  // Outermost first.
  const interceptors = [
    receiveTrace(),
    countAnswered(metrics),
    logAnswered(logger),
    sendErrors({ logger, toStatus }),
    withinCall(),
    identifySubject(),
  ];
  const server = new Server();
  const services = [served(options.definition, options.handlers), ...(options.alsoServe ?? [])];
  for (const service of services) addService(server, service, interceptors);
  const health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  // Loaded only where it is on: the library takes some 15 MiB.
  const reflection = options.reflection ? (await import('./reflection.ts')).addReflection(server, services) : undefined;
  const port = await bind(server, `${options.host}:${options.port}`);
  return {
    port,
    close() {
      health.setStatus('', 'NOT_SERVING');
      reflection?.endStreams();
      return new Promise((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve())));
    },
  };
}

function addService(server: Server, service: ServedService, interceptors: readonly ServerInterceptor[]): void {
  const methods: Record<string, ReturnType<typeof asMethod>> = {};
  const implementation: Record<string, (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void> = {};
  for (const [name, method] of Object.entries(service.definition)) {
    const handler = service.handlers[name];
    const answer = chain<ServerCall>(interceptors, async ({ request }) => {
      if (!handler) throw new StatusError({ code: 'UNIMPLEMENTED', reason: 'internal', message: 'Not implemented' });
      // Safe: `served` has checked the handler against its method.
      return handler(request as never);
    });
    methods[name] = asMethod(method);
    implementation[name] = (call, callback) => answerCall(call, callback, method.path, answer);
  }
  server.addService(methods, implementation);
}

function answerCall(
  call: ServerUnaryCall<unknown, unknown>,
  callback: sendUnaryData<unknown>,
  method: string,
  answer: Next<ServerCall>,
): void {
  const { request, metadata } = call;
  const deadlineAtMs = deadlineOf(call);
  const ended = new AbortController();
  // grpc-js emits it when the caller cancels, when its connection breaks and when the deadline passes.
  const end = () => ended.abort(endOf(deadlineAtMs));
  call.on('cancelled', end);
  answer({ method, request, metadata, deadlineAtMs, signal: ended.signal }).then(
    (response) => {
      call.off('cancelled', end);
      callback(null, response);
    },
    (error: unknown) => {
      call.off('cancelled', end);
      // sendErrors throws nothing else.
      callback(error instanceof StatusError ? encodeStatus(error) : { code: status.INTERNAL, details: 'Internal error' });
    },
  );
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline();
  return deadline instanceof Date ? deadline.getTime() : deadline;
}

/** Why a call ended before its answer. */
function endOf(deadlineAtMs: number): StatusError {
  return Date.now() >= deadlineAtMs
    ? new StatusError({ code: 'DEADLINE_EXCEEDED', reason: 'deadline_exceeded', message: 'The deadline passed' })
    : new StatusError({ code: 'CANCELLED', reason: 'unavailable', message: 'The caller cancelled the call' });
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}
