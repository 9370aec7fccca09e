import * as z from 'zod';
import { bindHost, databaseUrl, httpUrl, logLevel, port } from '../../platform/config/fields.ts';

export const paymentsConfig = z.object({
  PAYMENTS_PORT: port(9004, 'The gRPC port of payments.'),
  PAYMENTS_HTTP_PORT: port(8004, 'The HTTP port of payments: health and metrics.'),
  PAYMENTS_DATABASE_URL: databaseUrl('The database of payments.'),
  PROVIDER_URL: httpUrl('The payment provider, such as http://127.0.0.1:8070.'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type PaymentsConfig = z.infer<typeof paymentsConfig>;
