import * as z from 'zod';
import { address, bindHost, logLevel, port } from '../platform/config/fields.ts';

export const workerConfig = z.object({
  WORKER_HTTP_PORT: port(8005, 'Where the worker answers health and metrics; 0 lets the system choose.'),
  TEMPORAL_ADDRESS: address('The Temporal server.').default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('The Temporal namespace that orders run in.'),
  TEMPORAL_API_KEY: z.string().optional().describe('An API key for Temporal Cloud; turns TLS on. Secret.'),
  TEMPORAL_TLS_CERT_FILE: z.string().optional().describe('The client certificate for mutual TLS with Temporal, PEM.'),
  TEMPORAL_TLS_KEY_FILE: z.string().optional().describe('The key of the client certificate, PEM.'),
  USERS_ADDRESS: address('Where users answers gRPC.').default('127.0.0.1:9001'),
  PRODUCTS_ADDRESS: address('Where products answers gRPC.').default('127.0.0.1:9002'),
  ORDERS_ADDRESS: address('Where orders answers gRPC.').default('127.0.0.1:9003'),
  PAYMENTS_ADDRESS: address('Where payments answers gRPC.').default('127.0.0.1:9004'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;
