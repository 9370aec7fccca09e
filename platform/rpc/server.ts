import { type Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { isDatabaseUnavailable } from '../persistence/unavailable.ts';
import { contextFrom, withContext } from '../telemetry/context.ts';
import type { Logger } from '../telemetry/logs.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { asMethod, type RequestOf, type ResponseOf, type ServedService, type ServiceDefinition } from './methods.ts';
import { addReflection } from './reflection.ts';
import { encodeStatus, StatusError } from './status-error.ts';

// Milliseconds after which a database that went away may be back.
const RETRY_DELAY_MS = 1_000;

/** One async function per RPC; a StatusError becomes that status, anything else INTERNAL without its message. */
export type Handlers<D extends ServiceDefinition> = {
  readonly [M in keyof D]: (request: RequestOf<D[M]>) => Promise<ResponseOf<D[M]>>;
};

/** The handlers answer the service's calls, each by its name: that is checked here and forgotten afterwards. */
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
  /** Other services on the same server. */
  readonly beside?: readonly ServedService[];
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Tells any caller what calls there are; for development only. */
  readonly reflection?: boolean;
}): Promise<GrpcServer> {
  const server = new Server();
  const services = [served(options.definition, options.handlers), ...(options.beside ?? [])];
  for (const service of services) addService(server, service, options);
  const health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  const reflection = options.reflection ? addReflection(server, services) : undefined;
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

function addService(server: Server, { definition, handlers }: ServedService, by: { logger: Logger; metrics: Metrics }): void {
  const methods: Record<string, ReturnType<typeof asMethod>> = {};
  const implementation: Record<string, (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void> = {};
  for (const [name, method] of Object.entries(definition)) {
    methods[name] = asMethod(method);
    implementation[name] = answerWith(method.path, handlers[name], by);
  }
  server.addService(methods, implementation);
}

function answerWith(
  method: string,
  handler: ((request: never) => Promise<unknown>) | undefined,
  { logger, metrics }: { logger: Logger; metrics: Metrics },
) {
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>): void => {
    const observed = metrics.grpcSeconds.startTimer({ method });
    const startedMs = performance.now();
    const finish = (code: string) => {
      observed();
      metrics.grpcHandled.inc({ method, code });
      logger.debug({ method, code, duration_ms: Math.round(performance.now() - startedMs) }, 'Answered a call');
    };
    withContext(contextFrom(header(call.metadata, 'traceparent')), () => {
      if (!handler) return callback({ code: status.UNIMPLEMENTED, details: 'Not implemented' });
      handler(call.request as never).then(
        (response) => {
          finish('OK');
          callback(null, response);
        },
        (error: unknown) => {
          const known = error instanceof StatusError ? error : unexpected(error, method, logger);
          finish(known.code);
          callback(encodeStatus(known));
        },
      );
    });
  };
}

/** An unknown error is a bug: its message stays in the log, never on the wire. A database that is away is none. */
function unexpected(error: unknown, method: string, logger: Logger): StatusError {
  if (isDatabaseUnavailable(error)) {
    logger.warn({ error, method }, 'The database is unavailable');
    const message = 'A dependency is unavailable';
    return new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message, retryDelayMs: RETRY_DELAY_MS, cause: error });
  }
  logger.error({ error, method }, 'A call failed unexpectedly');
  return new StatusError({ code: 'INTERNAL', reason: 'internal', message: 'Internal error', cause: error });
}

function header(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0];
  return typeof value === 'string' ? value : undefined;
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}
