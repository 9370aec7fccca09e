import * as z from 'zod';
import { bindHost, databaseUrl, httpUrl, logLevel, port } from '../../platform/config/fields.ts';
import { secret, secretFile } from '../../platform/config/secret.ts';

export const providerConfig = z.object({
  PROVIDER_PORT: port(8070, 'The HTTP port of the payment provider simulator: API, health and metrics.'),
  PROVIDER_DATABASE_URL: databaseUrl('The database of the payment provider simulator.'),
  PROVIDER_WEBHOOK_URL: httpUrl('Where the simulator posts its events; absent: it keeps them.').optional(),
  PROVIDER_WEBHOOK_SECRET: secret('Signs the events of the payment provider; the gateway has the same.'),
  PROVIDER_WEBHOOK_SECRET_FILE: secretFile('PROVIDER_WEBHOOK_SECRET'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type ProviderConfig = z.infer<typeof providerConfig>;
