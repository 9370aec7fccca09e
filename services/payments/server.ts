import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { served } from '../../platform/rpc/server.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import type { PaymentsConfig } from './config.ts';
import { ENTITIES } from './entity.ts';
import { createFraudCheck } from './fraud-check.ts';
import { createFraudMetrics } from './fraud-metrics.ts';
import { httpScorer } from './fraud-scorer.ts';
import { createHandler } from './handler.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { createOutboxHandler } from './outbox.ts';
import type { PaymentProvider } from './provider.ts';
import { httpProvider } from './provider-http.ts';
import { createPayments } from './service.ts';

/** `provider` is where the money is; by default the one that the configuration names. */
export async function startPayments(
  config: PaymentsConfig,
  provider: PaymentProvider = httpProvider({ url: config.PROVIDER_URL }),
): Promise<Running> {
  const logger = createLogger('payments', config.LOG_LEVEL);
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
      largeMinor: config.FRAUD_LARGE_MINOR,
      smallMinor: config.FRAUD_SMALL_MINOR,
      homeCurrency: config.FRAUD_HOME_CURRENCY,
    },
    scorer: config.FRAUD_SCORER_URL === undefined ? undefined : httpScorer({ url: config.FRAUD_SCORER_URL }),
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
    handlers: createHandler(createPayments({ database, provider, fraud, logger })),
    beside: [served(OutboxServiceService, createOutboxHandler(database.sql))],
    // The provider is not asked: without it payments are still read and every call is answered, if only with UNAVAILABLE.
    // Taking this instance out of service would help nobody, since each of the others has the same provider.
    instruments: [metrics.instrument],
    checks: { database: database.check },
    close: database.close,
  });
}
