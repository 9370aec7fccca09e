import * as z from 'zod';
import { bindHost, databaseUrl, grpcReflection, logLevel, port } from '../../platform/config/fields.ts';

export const usersConfig = z.object({
  USERS_PORT: port(9001, 'Where the users service answers gRPC; 0 lets the system choose.'),
  USERS_HTTP_PORT: port(8001, 'Where the users service answers health and metrics; 0 lets the system choose.'),
  USERS_DATABASE_URL: databaseUrl('The users database: postgres://role:password@host:port/database.'),
  JWT_KEYS_FILE: z
    .string()
    .describe('The private JSON Web Key Set (ES256) that signs access tokens; the first key signs, all of them verify.'),
  USERS_SEED_FILE: z
    .string()
    .optional()
    .describe('Users to create at start when their id is absent: a JSON list of {id, email, password, name, role, address?}.'),
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type UsersConfig = Readonly<z.infer<typeof usersConfig>>;
