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
import { ATTEMPTS_MAX, RETRY_CAP_MS, RETRY_FIRST_MS } from './domain/retries.ts';

// More than anybody could mean: a day in milliseconds, and attempts of a week.
const DELAY_MAX_MS = 86_400_000;
const ATTEMPTS_LIMIT = 1_000;

export const notificationsConfig = z.object({
  NOTIFICATIONS_PORT: port(9005, 'Where the notifications service answers gRPC; 0 lets the system choose.'),
  NOTIFICATIONS_HTTP_PORT: port(8006, 'Where the notifications service answers health and metrics; 0 lets the system choose.'),
  NOTIFICATIONS_DATABASE_URL: databaseUrl('The notifications database: postgres://role:password@host:port/database.'),
  WEBHOOK_PRIVATE_ADDRESSES: webhookPrivateAddresses,
  EVENT_RETRY_FIRST_MS: whole(
    RETRY_FIRST_MS,
    { min: 1, max: DELAY_MAX_MS },
    'Milliseconds from the first failure of a delivery to its next attempt; doubles with each failure.',
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

export type NotificationsConfig = Readonly<z.infer<typeof notificationsConfig>>;
