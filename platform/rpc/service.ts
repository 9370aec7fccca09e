import type { Metric } from 'prom-client';
import { createOperationsServer, type DependencyCheck } from '../http/operations-server.ts';
import type { Running } from '../lifecycle/run.ts';
import type { Logger } from '../telemetry/logs.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { VERSION } from '../version.ts';
import type { ToStatus } from './domain-status.ts';
import type { ServedService, ServiceDefinition } from './methods.ts';
import { createGrpcServer, type Handlers } from './server.ts';

/** Serves a gRPC service and those in `alsoServe`, with health and metrics. `close` releases what the handlers use. */
export async function startGrpcService<D extends ServiceDefinition>(options: {
  readonly service: string;
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly logger: Logger;
  /** Describes the calls to every caller; for development only. */
  readonly reflection: boolean;
  readonly definition: D;
  readonly handlers: Handlers<D>;
  readonly alsoServe?: readonly ServedService[];
  /** The table of the service's domain errors. */
  readonly toStatus?: ToStatus;
  readonly checks: Readonly<Record<string, DependencyCheck>>;
  /** Metrics of the service's own. */
  readonly instruments?: readonly Metric[];
  close(): Promise<void>;
}): Promise<Running> {
  const { service, host, logger } = options;
  const metrics = createMetrics(service, VERSION);
  for (const instrument of options.instruments ?? []) metrics.registry.registerMetric(instrument);
  const grpc = await createGrpcServer({ ...options, port: options.grpcPort, metrics });
  const operations = await createOperationsServer({
    service,
    version: VERSION,
    checks: options.checks,
    host,
    port: options.httpPort,
    registry: metrics.registry,
  });
  logger.info({ grpc_port: grpc.port, http_port: operations.port }, 'Ready');
  return {
    listening: { grpc: grpc.port, http: operations.port },
    async stop() {
      operations.drain();
      await grpc.close();
      await options.close();
      await operations.close();
    },
  };
}
