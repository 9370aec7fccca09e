import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Database } from '../../platform/persistence/database.ts';
import type { Handlers } from '../../platform/rpc/server.ts';
import { parseRequest } from '../../platform/rpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import { type UsersServiceService, Role as WireRole, type User as WireUser } from '../../proto/gen/shopfast/users/v1/users.ts';
import { RULES } from './audit.ts';
import { listEffects } from './effects.ts';
import type { Role } from './entity.ts';
import { readUsers, type UserRecord } from './repository.ts';
import * as requests from './requests.ts';
import type { Users } from './service.ts';
import type { Sessions } from './sessions.ts';
import { ACCESS_TOKEN_LIFE_S } from './tokens.ts';

const ROLE: Readonly<Record<Role, WireRole>> = {
  customer: WireRole.ROLE_CUSTOMER,
  operator: WireRole.ROLE_OPERATOR,
  admin: WireRole.ROLE_ADMIN,
};

export function createHandler(services: {
  readonly database: Database;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly jwksJson: string;
}): Handlers<typeof UsersServiceService> {
  const { database, users, sessions, jwksJson } = services;
  return {
    async createUser(request) {
      const { idempotencyKey: _, ...fields } = parseRequest(requests.createUser, request);
      return { user: toWire(await users.create(request, fields)) };
    },
    async authenticateUser(request) {
      const { email, password } = parseRequest(requests.authenticateUser, request);
      const login = await sessions.authenticate(email, password);
      annotate({ userId: login.userId });
      return { ...login, expiresInSeconds: ACCESS_TOKEN_LIFE_S };
    },
    async getUser(request) {
      const { userId } = parseRequest(requests.userById, request);
      annotate({ userId });
      return { user: toWire(await users.get(userId)) };
    },
    async getUsers(request) {
      const { userIds } = parseRequest(requests.usersById, request);
      return { users: (await readUsers(database.sql, userIds)).map(toWire) };
    },
    async validateUser(request) {
      const { userId } = parseRequest(requests.userById, request);
      annotate({ userId });
      await users.validate(userId);
      return { userId };
    },
    async getJwks() {
      return { jwksJson };
    },
    async updateUser(request) {
      const { idempotencyKey: _, userId, ...change } = parseRequest(requests.updateUser, request);
      annotate({ userId });
      return { user: toWire(await users.update({ ...request, userId }, userId, change)) };
    },
    async deactivateUser(request) {
      const { userId, reason } = parseRequest(requests.deactivateUser, request);
      annotate({ userId });
      return { user: toWire(await users.deactivate({ ...request, userId }, userId, reason)) };
    },
    async refreshToken(request) {
      const login = await sessions.refresh(parseRequest(requests.presentedToken, request).refreshToken);
      annotate({ userId: login.userId });
      return { ...login, expiresInSeconds: ACCESS_TOKEN_LIFE_S };
    },
    async revokeToken(request) {
      await sessions.revoke(parseRequest(requests.presentedToken, request).refreshToken);
      return {};
    },
    async audit() {
      return { findings: await evaluate(database, RULES) };
    },
    async listEffects(request) {
      const { page } = parseRequest(requests.listEffects, request);
      return listEffects(database.sql, page);
    },
  };
}

function toWire({ id, email, name, role, active, address, createdAt, updatedAt }: UserRecord): WireUser {
  return { id, email, name, role: ROLE[role], active, ...(address ? { address } : {}), createdAt, updatedAt };
}
