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
  ORDER_EVENT_STREAMS_MAX: whole(
    1_000,
    { min: 1, max: 100_000 },
    'Event streams of orders that one gateway keeps open; one more is refused with 503.',
  ),
  PROVIDER_WEBHOOK_SECRET: secret('Signs the events of the payment provider; without it none is taken.'),
  PROVIDER_WEBHOOK_SECRET_FILE: secretFile('PROVIDER_WEBHOOK_SECRET'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});
