import { type EntityManager, LockMode } from '@mikro-orm/core';
import { once } from '../../platform/idempotency/once.ts';
import { hashRequest } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import {
  CreateUserRequest,
  CreateUserResponse,
  DeactivateUserRequest,
  DeactivateUserResponse,
  UpdateUserRequest,
  UpdateUserResponse,
} from '../../proto/gen/shopfast/users/v1/users.ts';
import { type Address, type ProfileChange, User } from './entity.ts';
import { emailTaken, userInactive, userUnknown } from './errors.ts';
import type { Passwords } from './passwords.ts';
import { isActive, readUser, revokeTokensOf, type UserRecord } from './repository.ts';

export type NewUser = {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly address: Address | null;
};

export type Users = ReturnType<typeof createUsers>;

/**
 * U1 An e-mail address belongs to at most one user (the database's unique constraint).
 * U2 A password is stored as its bcrypt hash only; nothing else of it is kept, not even in an idempotency record.
 * U3 An idempotency record names a user by id alone; the answer is read again.
 */
export function createUsers({ database, passwords }: { readonly database: Database; readonly passwords: Passwords }) {
  /** Read often, so without an entity. */
  async function get(userId: string): Promise<UserRecord> {
    const user = await readUser(database.sql, userId);
    if (!user) throw userUnknown(userId);
    return user;
  }

  async function locked(em: EntityManager, userId: string): Promise<User> {
    const user = await em.findOne(User, { id: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!user) throw userUnknown(userId);
    return user;
  }

  return {
    get,

    async create(request: CreateUserRequest, { password, ...fields }: NewUser): Promise<UserRecord> {
      // Before the transaction: a third of a second of computing must not hold a connection.
      const passwordHash = await passwords.hash(password);
      const { response } = await once(database, registration(request), async ({ em }) => {
        const user = em.create(User, { ...fields, passwordHash, role: 'customer' });
        await flushUnlessTaken(em);
        return CreateUserResponse.fromPartial({ user: { id: user.id } });
      });
      return get(response.user?.id ?? '');
    },

    async update(request: UpdateUserRequest, userId: string, change: ProfileChange): Promise<UserRecord> {
      const operation = {
        operation: 'UpdateUser',
        key: request.idempotencyKey,
        requestHash: hashRequest(UpdateUserRequest.encode(request).finish()),
        response: UpdateUserResponse,
        known: {},
      };
      await once(database, operation, async ({ em }) => {
        const user = await locked(em, userId);
        user.change(change);
        await flushUnlessTaken(em);
        return {};
      });
      return get(userId);
    },

    async deactivate(request: DeactivateUserRequest, userId: string, reason: string): Promise<UserRecord> {
      const operation = {
        operation: 'DeactivateUser',
        key: request.idempotencyKey,
        requestHash: hashRequest(DeactivateUserRequest.encode(request).finish()),
        response: DeactivateUserResponse,
        known: {},
      };
      await once(database, operation, async ({ em, sql }) => {
        const user = await locked(em, userId);
        user.deactivate(reason);
        await em.flush();
        await revokeTokensOf(sql, userId);
        return {};
      });
      return get(userId);
    },

    /** For every order that is placed, so without an entity. */
    async validate(userId: string): Promise<void> {
      const active = await isActive(database.sql, userId);
      if (active === undefined) throw userUnknown(userId);
      if (!active) throw userInactive(userId);
    },
  };
}

async function flushUnlessTaken(em: EntityManager): Promise<void> {
  try {
    await em.flush();
  } catch (error: unknown) {
    // U1
    if (violatedUnique(error) === 'users_email_unique') throw emailTaken();
    throw error;
  }
}

/**
 * The record of a registration holds the new user's id and nothing personal (U3). Its request hash leaves the password
 * out: SHA-256 of a request whose other fields are known would let a reader of the table try passwords a million times
 * faster than bcrypt does. So one key with two passwords is one registration, with the first.
 */
function registration(request: CreateUserRequest) {
  return {
    operation: 'CreateUser',
    key: request.idempotencyKey,
    requestHash: hashRequest(CreateUserRequest.encode({ ...request, password: '' }).finish()),
    response: CreateUserResponse,
  };
}
