import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { sqlStatements } from '../persistence/client.ts';

// Seconds. From a cache hit to the longest HTTP deadline (POST /orders, 30 s).
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One per process, like its clients: createMetrics registers them. */
export const grpcClientHandled = new Counter({
  name: 'grpc_client_handled_total',
  help: 'Calls sent, by target, method and the status code of their answer.',
  labelNames: ['target', 'method', 'code'],
  registers: [],
});

export const grpcClientSeconds = new Histogram({
  name: 'grpc_client_handling_seconds',
  help: 'Time from sending a call to its answer.',
  labelNames: ['target', 'method'],
  buckets: DURATION_BUCKETS_S,
  registers: [],
});

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics that every process has; it adds its own to `registry`. All are in docs/runbooks/at-night.md. */
export function createMetrics(service: string, version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const metric of [sqlStatements, grpcClientHandled, grpcClientSeconds]) registry.registerMetric(metric);
  const registers = [registry];
  new Gauge({ name: 'build_info', help: 'Constant 1, labelled with the version.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  return {
    registry,
    grpcHandled: new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls answered, by method and status code.',
      labelNames: ['method', 'code'],
      registers,
    }),
    grpcSeconds: new Histogram({
      name: 'grpc_server_handling_seconds',
      help: 'Time to answer a call.',
      labelNames: ['method'],
      buckets: DURATION_BUCKETS_S,
      registers,
    }),
    httpRequests: new Counter({
      name: 'http_requests_total',
      help: 'Requests answered, by route, method and status code.',
      labelNames: ['route', 'method', 'code'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time to answer a request.',
      labelNames: ['route', 'method'],
      buckets: DURATION_BUCKETS_S,
      registers,
    }),
  };
}
