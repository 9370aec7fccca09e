import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createOutboxHandler } from '../../platform/outbox/handler.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { served } from '../../platform/rpc/server.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { toStatus } from './api/errors.ts';
import { createHandler } from './api/handler.ts';
import { RULES } from './audit/rules.ts';
import { type PaymentsConfig, requireFraudLimits } from './config.ts';
import { createFraudCheck } from './domain/fraud/check.ts';
import { createFraudMetrics } from './domain/fraud/metrics.ts';
import type { PaymentProvider } from './domain/provider.ts';
import { httpFraudScorer } from './provider/http-fraud-scorer.ts';
import { httpProvider } from './provider/http-provider.ts';
import { listEffects } from './store/effects.ts';
import { ENTITIES, MIGRATIONS } from './store/orm.ts';
import { sumPostings } from './store/postings.ts';

/** `provider` is the payment provider; by default the one that the configuration names. */
export async function startPayments(
  config: PaymentsConfig,
  provider: PaymentProvider = httpProvider({ url: config.PROVIDER_URL }),
): Promise<Running> {
  const logger = createLogger('payments', config.LOG_LEVEL);
  requireFraudLimits(config);
  await requireDatabase(config, 'PAYMENTS_DATABASE_URL');
  const database = await openDatabase({
    url: config.PAYMENTS_DATABASE_URL,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    logger,
  });
  const metrics = createFraudMetrics();
  const fraud = createFraudCheck({
    limits: {
      limit: config.FRAUD_LIMIT,
      large: config.FRAUD_LARGE,
      small: config.FRAUD_SMALL,
      homeCurrency: config.FRAUD_HOME_CURRENCY,
    },
    scorer: config.FRAUD_SCORER_URL === undefined ? undefined : httpFraudScorer({ url: config.FRAUD_SCORER_URL }),
    logger,
    metrics,
  });
  return startGrpcService({
    service: 'payments',
    host: config.BIND_HOST,
    grpcPort: config.PAYMENTS_PORT,
    httpPort: config.PAYMENTS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: PaymentsServiceService,
    handlers: createHandler({
      database,
      provider,
      fraud,
      currencies: config.CURRENCIES,
      logger,
      sumPostings: (query) => sumPostings(database.sql, query),
      listEffects: (page) => listEffects(database.sql, page),
      audit: () => evaluate(database, RULES),
    }),
    toStatus,
    alsoServe: [served(OutboxServiceService, createOutboxHandler(database))],
    instruments: [metrics.instrument],
    // The provider is not checked: without it payments are still read, and every other instance has the same provider.
    checks: { database: database.check },
    close: database.close,
  });
}
