import type { Handlers } from '../../platform/grpc/server.ts';
import { parseRequest } from '../../platform/grpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import { type UsersServiceService, Role as WireRole, type User as WireUser } from '../../proto/gen/shopfast/users/v1/users.ts';
import type { Role, User } from './entity.ts';
import { authenticateUser, createUser, userById } from './requests.ts';
import type { Users } from './service.ts';
import { ACCESS_TOKEN_LIFE_S } from './tokens.ts';

const ROLE: Readonly<Record<Role, WireRole>> = {
  customer: WireRole.ROLE_CUSTOMER,
  operator: WireRole.ROLE_OPERATOR,
  admin: WireRole.ROLE_ADMIN,
};

export function createHandler(users: Users): Handlers<typeof UsersServiceService> {
  return {
    async createUser(request) {
      const { idempotencyKey: _, ...fields } = parseRequest(createUser, request);
      return { user: toWire(await users.create(request, fields)) };
    },
    async authenticateUser(request) {
      const { email, password } = parseRequest(authenticateUser, request);
      const login = await users.authenticate(email, password);
      annotate({ userId: login.userId });
      return { ...login, expiresInSeconds: ACCESS_TOKEN_LIFE_S };
    },
    async getUser(request) {
      const { userId } = parseRequest(userById, request);
      annotate({ userId });
      return { user: toWire(await users.get(userId)) };
    },
    async validateUser(request) {
      const { userId } = parseRequest(userById, request);
      annotate({ userId });
      await users.validate(userId);
      return { userId };
    },
    async getJwks() {
      return { jwksJson: users.jwksJson() };
    },
  };
}

function toWire({ id, email, name, active, address, createdAt, updatedAt, ...user }: User): WireUser {
  const role: Role = user.role;
  return { id, email, name, role: ROLE[role], active, ...(address ? { address } : {}), createdAt, updatedAt };
}
