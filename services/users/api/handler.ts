import type { EntityManager } from '@mikro-orm/postgresql';
import type * as z from 'zod';
import type { Finding } from '../../../platform/audit/evaluate.ts';
import { readLogPage } from '../../../platform/audit/log-page.ts';
import type { LogPosition } from '../../../platform/audit/position.ts';
import { createIdempotent } from '../../../platform/idempotency/idempotent.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import {
  CreateUserRequest,
  CreateUserResponse,
  DeactivateUserRequest,
  DeactivateUserResponse,
  UpdateUserRequest,
  UpdateUserResponse,
  type UsersServiceService,
} from '../../../proto/gen/shopfast/users/v1/users.ts';
import { authenticateUser } from '../domain/authenticate-user.ts';
import { deactivateUser } from '../domain/deactivate-user.ts';
import { endSession } from '../domain/end-session.ts';
import { badToken } from '../domain/errors.ts';
import { getUser, getUsers, validateUser } from '../domain/get-users.ts';
import type { Passwords } from '../domain/passwords.ts';
import { refreshSession } from '../domain/refresh-session.ts';
import { registerUser } from '../domain/register-user.ts';
import { startSession } from '../domain/start-session.ts';
import { updateProfile } from '../domain/update-profile.ts';
import type { Role } from '../domain/user.ts';
import type { UserEffect } from '../domain/user-effect.ts';
import { toStatus } from './errors.ts';
import { effectMessage, userMessage } from './messages.ts';
import * as requests from './requests.ts';

export type HandlerOptions = {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly signer: {
    accessToken(user: { readonly id: string; readonly role: Role }): Promise<string>;
    readonly accessTokenLifeS: number;
    readonly jwksJson: string;
  };
  readonly logger: Logger;
  listEffects(after: LogPosition, limit: number): Promise<readonly UserEffect[]>;
  audit(): Promise<Finding[]>;
};

export function createHandler(options: HandlerOptions): Handlers<typeof UsersServiceService> {
  return { ...accountHandlers(options), ...sessionHandlers(options), ...auditHandlers(options) };
}

function accountHandlers({ database, passwords }: HandlerOptions) {
  const idempotent = createIdempotent(database, toStatus);
  const answering = createAnswering(database);
  const read = async (userId: string) => ({ user: userMessage(await getUser(database.read().em, userId)) });

  const update = idempotent(
    { operation: 'UpdateUser', request: UpdateUserRequest, response: UpdateUserResponse, schema: requests.updateUser },
    async ({ userId, email, name, address }, { em }) => {
      await updateProfile(em, { userId, email, name, address });
      return {};
    },
  );

  const deactivate = idempotent(
    {
      operation: 'DeactivateUser',
      request: DeactivateUserRequest,
      response: DeactivateUserResponse,
      schema: requests.deactivateUser,
    },
    async ({ userId, reason }, { em }) => {
      await deactivateUser(em, { userId, reason });
      return {};
    },
  );

  return {
    async createUser(request: CreateUserRequest) {
      const { idempotencyKey: _, password, ...fields } = parseRequest(requests.createUser, request);
      // Before the transaction: a third of a second of computing must not hold a connection.
      const passwordHash = await passwords.hash(password);
      const register = idempotent(REGISTRATION, async (__, { em }) => {
        const { id } = await registerUser(em, { ...fields, passwordHash, role: 'customer' });
        return CreateUserResponse.fromPartial({ user: { id } });
      });
      const { user } = await register(request);
      return read(user?.id ?? '');
    },

    // U3: the stored answer is empty, and the one that is given is read.
    async updateUser(request: UpdateUserRequest) {
      await update(request);
      return read(request.userId);
    },

    async deactivateUser(request: DeactivateUserRequest) {
      await deactivate(request);
      return read(request.userId);
    },

    getUser: answering(requests.userById, async ({ userId }, em) => ({ user: userMessage(await getUser(em, userId)) })),

    getUsers: answering(requests.usersById, async ({ userIds }, em) => ({
      users: (await getUsers(em, userIds)).map(userMessage),
    })),

    validateUser: answering(requests.userById, async ({ userId }, em) => {
      await validateUser(em, userId);
      return { userId };
    }),
  };
}

/**
 * The request hash leaves the password out: SHA-256 of a request whose other fields are known would let a reader of the table try
 * passwords a million times faster than bcrypt does. So one key with two passwords is one registration, with the first.
 */
const REGISTRATION = {
  operation: 'CreateUser',
  request: CreateUserRequest,
  response: CreateUserResponse,
  schema: requests.createUser,
  identity: (request: CreateUserRequest) => ({ ...request, password: '' }),
};

function sessionHandlers({ database, passwords, signer, logger }: HandlerOptions) {
  const answering = createAnswering(database);
  const loginOf = async (user: { readonly id: string; readonly role: Role }, refreshToken: string) => {
    annotate({ userId: user.id });
    const accessToken = await signer.accessToken(user);
    return { userId: user.id, accessToken, refreshToken, expiresInSeconds: signer.accessTokenLifeS };
  };

  return {
    authenticateUser: answering(requests.authenticateUser, async (credentials, em) => {
      const user = await authenticateUser({ em, passwords }, credentials);
      return loginOf(user, await database.transaction((opened) => startSession(opened.em, user.id)));
    }),

    refreshToken: answering(requests.presentedToken, async ({ refreshToken }) => {
      const exchange = await database.transaction(({ em }) => refreshSession(em, refreshToken));
      if (exchange.state === 'exchanged') return loginOf(exchange.owner, exchange.refreshToken);
      if (exchange.state === 'retired') {
        const about = { user_id: exchange.owner.id, family_id: exchange.familyId };
        logger.warn(about, 'A retired refresh token came again; its family is revoked');
      }
      // One refusal for all others: it does not say whether the token was ever good.
      throw badToken();
    }),

    revokeToken: answering(requests.presentedToken, async ({ refreshToken }) => {
      await database.transaction(({ em }) => endSession(em, refreshToken));
      return {};
    }),

    getJwks: async () => ({ jwksJson: signer.jwksJson }),
  };
}

function auditHandlers({ database, listEffects, audit }: HandlerOptions) {
  return {
    audit: async () => ({ findings: await audit() }),

    listEffects: createAnswering(database)(requests.listEffects, async ({ page }) => {
      const { rows, nextCursor } = await readLogPage(page, listEffects);
      return { effects: rows.map(effectMessage), nextCursor };
    }),
  };
}

/** Validates a request and answers it; the unit of work is outside any transaction. */
function createAnswering(database: Database) {
  return <Given, Response>(schema: z.ZodType<Given>, answer: (given: Given, em: EntityManager) => Promise<Response>) =>
    (request: unknown): Promise<Response> =>
      answer(parseRequest(schema, request), database.read().em);
}
