import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { toStatus } from './api/errors.ts';
import { createHandler } from './api/handler.ts';
import { RULES } from './audit/rules.ts';
import type { NotificationsConfig } from './config.ts';
import { deliveryStore } from './store/deliveries.ts';
import { listEffects } from './store/effects.ts';
import { ENTITIES, MIGRATIONS } from './store/orm.ts';

export async function startNotifications(config: NotificationsConfig): Promise<Running> {
  const logger = createLogger('notifications', config.LOG_LEVEL);
  await requireDatabase(config, 'NOTIFICATIONS_DATABASE_URL');
  const database = await openDatabase({
    url: config.NOTIFICATIONS_DATABASE_URL,
    entities: ENTITIES,
    migrations: MIGRATIONS,
    logger,
  });
  return startGrpcService({
    service: 'notifications',
    host: config.BIND_HOST,
    grpcPort: config.NOTIFICATIONS_PORT,
    httpPort: config.NOTIFICATIONS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: NotificationsServiceService,
    toStatus,
    handlers: createHandler({
      database,
      store: deliveryStore,
      listEffects: (after, limit) => listEffects(database.sql, after, limit),
      audit: () => evaluate(database, RULES),
      privateAllowed: config.WEBHOOK_PRIVATE_ADDRESSES === 'allow',
      retries: {
        firstMs: config.EVENT_RETRY_FIRST_MS,
        capMs: config.EVENT_RETRY_CAP_MS,
        attemptsMax: config.EVENT_ATTEMPTS_MAX,
      },
    }),
    checks: { database: database.check },
    close: database.close,
  });
}
