import * as z from 'zod';
import {
  bindHost,
  databaseUrl,
  grpcReflection,
  logLevel,
  port,
  webhookPrivateAddresses,
  whole,
} from '../../platform/config/fields.ts';
import { ATTEMPTS_MAX, RETRY_CAP_MS, RETRY_FIRST_MS } from './events/retries.ts';

// More than anybody could mean: a day in milliseconds, and attempts of a week.
const DELAY_MAX_MS = 86_400_000;
const ATTEMPTS_LIMIT = 1_000;

export const ordersConfig = z.object({
  ORDERS_PORT: port(9003, 'Where the orders service answers gRPC; 0 lets the system choose.'),
  ORDERS_HTTP_PORT: port(8003, 'Where the orders service answers health and metrics; 0 lets the system choose.'),
  ORDERS_DATABASE_URL: databaseUrl('The orders database: postgres://role:password@host:port/database.'),
  TAX_BASIS_POINTS: whole(1_900, { min: 0, max: 10_000 }, 'Tax on the subtotal in hundredths of a percent: 1900 is 19 %.'),
  SHIPPING_MINOR: whole(490, { min: 0, max: 100_000_000 }, "Shipping per order in minor units of the order's currency."),
  WEBHOOK_PRIVATE_ADDRESSES: webhookPrivateAddresses,
  EVENT_RETRY_FIRST_MS: whole(
    RETRY_FIRST_MS,
    { min: 1, max: DELAY_MAX_MS },
    'Milliseconds after which a delivery that failed for the first time is tried again; doubles with each failure.',
  ),
  EVENT_RETRY_CAP_MS: whole(
    RETRY_CAP_MS,
    { min: 1, max: DELAY_MAX_MS },
    'Milliseconds between two attempts of a delivery at most.',
  ),
  EVENT_ATTEMPTS_MAX: whole(ATTEMPTS_MAX, { min: 1, max: ATTEMPTS_LIMIT }, 'Failures after which a delivery is dead.'),
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type OrdersConfig = Readonly<z.infer<typeof ordersConfig>>;
