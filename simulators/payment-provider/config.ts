import * as z from 'zod';
import { bindHost, databaseUrl, logLevel, port } from '../../platform/config/fields.ts';

export const providerConfig = z.object({
  PROVIDER_PORT: port(8070, 'The HTTP port of the payment provider simulator: API, health and metrics.'),
  PROVIDER_DATABASE_URL: databaseUrl('The database of the payment provider simulator.'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type ProviderConfig = z.infer<typeof providerConfig>;
