import * as z from 'zod';
import { address, bindHost, logLevel, port } from '../platform/config/fields.ts';
import { temporalFields } from '../platform/temporal/config.ts';

export const workerConfig = z.object({
  WORKER_HTTP_PORT: port(8005, 'Where the worker answers health and metrics; 0 lets the system choose.'),
  ...temporalFields,
  USERS_ADDRESS: address('Where users answers gRPC.').default('127.0.0.1:9001'),
  PRODUCTS_ADDRESS: address('Where products answers gRPC.').default('127.0.0.1:9002'),
  ORDERS_ADDRESS: address('Where orders answers gRPC.').default('127.0.0.1:9003'),
  PAYMENTS_ADDRESS: address('Where payments answers gRPC.').default('127.0.0.1:9004'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;
