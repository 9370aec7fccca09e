import * as z from 'zod';
import { ORDER_LIMITS } from '../contracts/order-limits.ts';
import { bindHost, databaseUrl, logLevel, port, target, whole } from '../platform/config/fields.ts';
import { secret, secretFile } from '../platform/config/secret.ts';
import { temporalFields } from '../platform/temporal/config.ts';

export type GatewayConfig = Readonly<z.infer<typeof gatewayConfig>>;

const { SAGA_STEP_LIMIT_MS: stepLimit, RETURN_WINDOW_MS: returnWindow } = ORDER_LIMITS;

export const gatewayConfig = z.object({
  GATEWAY_PORT: port(8000, 'Where the gateway serves HTTP.'),
  GATEWAY_DATABASE_URL: databaseUrl("The gateway's own database: API clients."),
  GATEWAY_SEED_FILE: z
    .string()
    .optional()
    .describe('A JSON file [{id, name, tier, key}] of API clients that exist from the start; absent: none. Secret.'),
  USERS_ADDRESS: target('Where users answers gRPC.').default('127.0.0.1:9001'),
  PRODUCTS_ADDRESS: target('Where products answers gRPC.').default('127.0.0.1:9002'),
  ORDERS_ADDRESS: target('Where orders answers gRPC.').default('127.0.0.1:9003'),
  PAYMENTS_ADDRESS: target('Where payments answers gRPC.').default('127.0.0.1:9004'),
  NOTIFICATIONS_ADDRESS: target('Where notifications answers gRPC.').default('127.0.0.1:9005'),
  ...temporalFields,
  ORDER_WAIT_MS: whole(
    10_000,
    { min: 0, max: 25_000 },
    'Milliseconds that POST /orders waits for the outcome when the caller states no preference.',
  ),
  SAGA_STEP_LIMIT_MS: whole(stepLimit.standard, stepLimit.range, stepLimit.says),
  RETURN_WINDOW_MS: whole(returnWindow.standard, returnWindow.range, returnWindow.says),
  // 256 MiB of heap hold 1,000 answers of 100 KiB, five times a page of products.
  GATEWAY_REQUESTS_MAX: whole(
    1_000,
    { min: 1, max: 100_000 },
    "Requests that one gateway has in flight, those that wait for an order's outcome not counted; one more is refused with 503.",
  ),
  // A page of a shop makes a handful of requests at the same time.
  GATEWAY_REQUESTS_PER_CALLER_MAX: whole(
    50,
    { min: 1, max: 100_000 },
    'Requests in flight of one user, or of one application at one address without a user; one more is refused with 503.',
  ),
  // 15 KiB each.
  GATEWAY_CONNECTIONS_MAX: whole(
    5_000,
    { min: 1, max: 1_000_000 },
    'Connections that one gateway keeps open; one more is closed.',
  ),
  // The largest answer, the script of /docs, has 1.5 MB: 400 kbit/s.
  GATEWAY_WRITE_TIMEOUT_MS: whole(
    30_000,
    { min: 100, max: 600_000 },
    'Milliseconds in which a client must have read a complete answer; then its connection is closed.',
  ),
  ORDER_EVENT_STREAMS_MAX: whole(
    1_000,
    { min: 1, max: 100_000 },
    'Event streams of orders that one gateway keeps open; one more is refused with 503.',
  ),
  PROVIDER_WEBHOOK_SECRET: secret('Signs the events of the payment provider; without it none is taken.'),
  PROVIDER_WEBHOOK_SECRET_FILE: secretFile('PROVIDER_WEBHOOK_SECRET'),
  // More than the tabs of one customer, and enough for an operator who watches a list.
  ORDER_EVENT_STREAMS_PER_USER_MAX: whole(
    20,
    { min: 1, max: 100_000 },
    'Event streams of orders that one gateway keeps open for one user; one more is refused with 503.',
  ),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});
