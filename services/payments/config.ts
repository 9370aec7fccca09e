import * as z from 'zod';
import { bindHost, databaseUrl, grpcReflection, httpUrl, logLevel, port, whole } from '../../platform/config/fields.ts';
import { ConfigError } from '../../platform/config/load.ts';
import { amountByCurrency, currencies, currenciesWithout } from '../../platform/config/money.ts';
import { isCurrency } from '../../platform/money/currencies.ts';

// More than any score that somebody could mean.
const SCORE_MAX = 1_000_000;

export const paymentsConfig = z.object({
  PAYMENTS_PORT: port(9004, 'The gRPC port of payments.'),
  PAYMENTS_HTTP_PORT: port(8004, 'The HTTP port of payments: health and metrics.'),
  PAYMENTS_DATABASE_URL: databaseUrl('The database of payments.'),
  PROVIDER_URL: httpUrl('The payment provider, such as http://127.0.0.1:8070.'),
  FRAUD_LIMIT: whole(50, { min: 0, max: SCORE_MAX }, 'The highest fraud score that a payment may have; above it it is held.'),
  CURRENCIES: currencies,
  FRAUD_LARGE: amountByCurrency(
    'EUR=100000',
    'For each of CURRENCIES, the largest amount in minor units that does not count as large in the fraud score.',
  ),
  FRAUD_SMALL: amountByCurrency(
    'EUR=5000',
    'For each of CURRENCIES, the largest amount in minor units that passes while the fraud scorer does not answer.',
  ),
  FRAUD_HOME_CURRENCY: z
    .string()
    .refine(isCurrency, 'must be an ISO 4217 code')
    .default('EUR')
    .describe("The shop's own currency; another one adds to the fraud score."),
  FRAUD_SCORER_URL: httpUrl('A fraud scorer to ask as well; without one our own rules decide alone.').optional(),
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type PaymentsConfig = z.infer<typeof paymentsConfig>;

/** Throws ConfigError when a currency that the shop sells in has no fraud limit. */
export function requireFraudLimits(config: Pick<PaymentsConfig, 'CURRENCIES' | 'FRAUD_LARGE' | 'FRAUD_SMALL'>): void {
  for (const name of ['FRAUD_LARGE', 'FRAUD_SMALL'] as const) {
    const missing = currenciesWithout(config[name], config.CURRENCIES);
    if (missing.length > 0) throw new ConfigError(`${name} lacks ${missing.join()}, which CURRENCIES names`);
  }
}
