import * as z from 'zod';
import { address, databaseUrl, httpUrl, logLevel, port } from '../platform/config/fields.ts';

const elsewhere = (what: string) => address(`${what} that runs elsewhere; then none is started here.`).optional();
const database = (part: string) =>
  databaseUrl(`A database for ${part} elsewhere instead of the embedded PostgreSQL. Secret.`).optional();

/** What `npm start` itself reads. The parts have their own schemas; variables of theirs that are set are handed on. */
export const localConfig = z.object({
  SHOPFAST_DATA_DIR: z.string().default('.data').describe('Where the platform keeps its data, keys, logs and platform.json.'),
  POSTGRES_PORT: port(5442, 'Where the embedded PostgreSQL listens; 0 picks a free port.'),
  TEMPORAL_PORT: port(7233, 'Where the embedded Temporal server listens; 0 picks a free port.'),
  TEMPORAL_UI_PORT: port(8233, 'Where the Temporal Web UI listens; 0 picks a free port.'),
  PROVIDER_PORT: port(8070, 'Where the payment provider simulator listens; 0 picks a free port.'),
  USERS_PORT: port(9001, 'The gRPC port of users; 0 picks a free port.'),
  USERS_HTTP_PORT: port(8001, 'The HTTP port of users: health and metrics; 0 picks a free port.'),
  PRODUCTS_PORT: port(9002, 'The gRPC port of products; 0 picks a free port.'),
  PRODUCTS_HTTP_PORT: port(8002, 'The HTTP port of products: health and metrics; 0 picks a free port.'),
  ORDERS_PORT: port(9003, 'The gRPC port of orders; 0 picks a free port.'),
  ORDERS_HTTP_PORT: port(8003, 'The HTTP port of orders: health and metrics; 0 picks a free port.'),
  PAYMENTS_PORT: port(9004, 'The gRPC port of payments; 0 picks a free port.'),
  PAYMENTS_HTTP_PORT: port(8004, 'The HTTP port of payments: health and metrics; 0 picks a free port.'),
  NOTIFICATIONS_PORT: port(9005, 'The gRPC port of notifications; 0 picks a free port.'),
  NOTIFICATIONS_HTTP_PORT: port(8006, 'The HTTP port of notifications: health and metrics; 0 picks a free port.'),
  WORKER_HTTP_PORT: port(8005, 'The HTTP port of the worker: health and metrics; 0 picks a free port.'),
  GATEWAY_PORT: port(8000, 'Where the gateway serves HTTP; 0 picks a free port.'),
  TEMPORAL_ADDRESS: elsewhere('A Temporal server'),
  TEMPORAL_NAMESPACE: z
    .string()
    .regex(/^[\w.-]+$/, 'must be letters, digits, points, dashes and underscores')
    .default('default')
    .describe('The Temporal namespace.'),
  TEMPORAL_CLI_PATH: z.string().optional().describe('The Temporal CLI to use instead of looking for one.'),
  USERS_ADDRESS: elsewhere('A users service'),
  PRODUCTS_ADDRESS: elsewhere('A products service'),
  ORDERS_ADDRESS: elsewhere('An orders service'),
  PAYMENTS_ADDRESS: elsewhere('A payments service'),
  NOTIFICATIONS_ADDRESS: elsewhere('A notifications service'),
  PROVIDER_URL: httpUrl('A payment provider that runs elsewhere; then no simulator is started here.').optional(),
  USERS_DATABASE_URL: database('users'),
  PRODUCTS_DATABASE_URL: database('products'),
  ORDERS_DATABASE_URL: database('orders'),
  PAYMENTS_DATABASE_URL: database('payments'),
  NOTIFICATIONS_DATABASE_URL: database('notifications'),
  GATEWAY_DATABASE_URL: database('the gateway'),
  PROVIDER_DATABASE_URL: database('the payment provider simulator'),
  JWT_KEYS_FILE: z.string().optional().describe('Signing keys for users instead of generated ones: a private JSON Web Key Set.'),
  MAIL_SPOOL_DIR: z.string().optional().describe('Where mails to customers are put instead of the data directory.'),
  LOG_LEVEL: logLevel,
});

export type LocalConfig = Readonly<z.infer<typeof localConfig>>;
export type PortVariable = Extract<keyof LocalConfig, `${string}_PORT`>;
export type AddressVariable = Extract<keyof LocalConfig, `${string}_ADDRESS`>;
export type DatabaseVariable = Extract<keyof LocalConfig, `${string}_DATABASE_URL`>;
