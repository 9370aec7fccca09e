import type { Running } from '../../platform/lifecycle/run.ts';
import { openDatabase } from '../../platform/persistence/database.ts';
import { requireDatabase } from '../../platform/persistence/reach.ts';
import { startGrpcService } from '../../platform/rpc/service.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import type { UsersConfig } from './config.ts';
import { ENTITIES } from './entity.ts';
import { createHandler } from './handler.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { createPasswords } from './passwords.ts';
import { readSeeds, seedUsers } from './seed.ts';
import { createUsers } from './service.ts';
import { createSessions } from './sessions.ts';
import { createSigner } from './tokens.ts';

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
      users: createUsers({ database, passwords }),
      sessions: createSessions({ database, passwords, signer, logger }),
      jwksJson: signer.jwksJson,
    }),
    checks: { database: database.check },
    close: database.close,
  });
}
