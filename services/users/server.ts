import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createOutboxHandler } from '../../platform/outbox/handler.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { served } from '../../platform/rpc/server.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { toStatus } from './api/errors.ts';
import { createHandler } from './api/handler.ts';
import { RULES } from './audit/rules.ts';
import type { UsersConfig } from './config.ts';
import { createPasswords } from './domain/passwords.ts';
import { readSeeds, seedUsers } from './seed.ts';
import { listEffects } from './store/effects.ts';
import { ENTITIES, MIGRATIONS } from './store/orm.ts';
import { createSigner } from './store/signer.ts';

export async function startUsers(config: UsersConfig): Promise<Running> {
  const logger = createLogger('users', config.LOG_LEVEL);
  const seeds = await readSeeds(config.USERS_SEED_FILE);
  const signer = await createSigner(config.JWT_KEYS_FILE);
  const passwords = await createPasswords();
  await requireDatabase(config, 'USERS_DATABASE_URL');
  const database = await openDatabase({ url: config.USERS_DATABASE_URL, entities: ENTITIES, migrations: MIGRATIONS, logger });
  await seedUsers({ database, passwords, seeds });
  return startGrpcService({
    service: 'users',
    host: config.BIND_HOST,
    grpcPort: config.USERS_PORT,
    httpPort: config.USERS_HTTP_PORT,
    logger,
    reflection: config.GRPC_REFLECTION === 'on',
    definition: UsersServiceService,
    handlers: createHandler({
      database,
      passwords,
      signer,
      logger,
      listEffects: (after, limit) => listEffects(database.sql, after, limit),
      audit: () => evaluate(database, RULES),
    }),
    alsoServe: [served(OutboxServiceService, createOutboxHandler(database))],
    toStatus,
    checks: { database: database.check },
    close: database.close,
  });
}
