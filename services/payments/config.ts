import * as z from 'zod';
import { bindHost, databaseUrl, grpcReflection, httpUrl, logLevel, port, whole } from '../../platform/config/fields.ts';

// More than any amount, and any score, that somebody could mean.
const MINOR_MAX = 1_000_000_000_000;
const SCORE_MAX = 1_000_000;

export const paymentsConfig = z.object({
  PAYMENTS_PORT: port(9004, 'The gRPC port of payments.'),
  PAYMENTS_HTTP_PORT: port(8004, 'The HTTP port of payments: health and metrics.'),
  PAYMENTS_DATABASE_URL: databaseUrl('The database of payments.'),
  PROVIDER_URL: httpUrl('The payment provider, such as http://127.0.0.1:8070.'),
  FRAUD_LIMIT: whole(50, { min: 0, max: SCORE_MAX }, 'The highest fraud score that a payment may have; above it it is held.'),
  FRAUD_LARGE_MINOR: whole(
    100_000,
    { min: 1, max: MINOR_MAX },
    'The largest amount in minor units that does not count as large in the fraud score.',
  ),
  FRAUD_SMALL_MINOR: whole(
    5_000,
    { min: 0, max: MINOR_MAX },
    'The largest amount in minor units that passes while the fraud scorer does not answer; larger ones are held.',
  ),
  FRAUD_HOME_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
    .default('EUR')
    .describe("The shop's own currency; another one adds to the fraud score."),
  FRAUD_SCORER_URL: httpUrl('A fraud scorer to ask as well; without one our own rules decide alone.').optional(),
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type PaymentsConfig = z.infer<typeof paymentsConfig>;
