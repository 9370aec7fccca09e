import { v7 as uuid } from 'uuid';
import { once } from '../../platform/idempotency/once.ts';
import { hashRequest } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import { CreateUserRequest, CreateUserResponse } from '../../proto/gen/shopfast/users/v1/users.ts';
import { type Address, User } from './entity.ts';
import { badCredentials, emailTaken, userUnknown } from './errors.ts';
import type { Passwords } from './passwords.ts';
import { forgetExpiredTokens, startTokenFamily } from './repository.ts';
import { newRefreshToken, type Signer } from './tokens.ts';

export type NewUser = {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly address: Address | null;
};

export type Login = { readonly userId: string; readonly accessToken: string; readonly refreshToken: string };

export type Users = ReturnType<typeof createUsers>;

/**
 * U1 An e-mail address belongs to at most one user (the database's unique constraint).
 * U2 A password is stored as its bcrypt hash only; nothing else of it is kept, not even in an idempotency record.
 * U3 A failed login tells nothing about the account: one error, the same work.
 */
export function createUsers({ database, passwords, signer }: { database: Database; passwords: Passwords; signer: Signer }) {
  async function get(userId: string): Promise<User> {
    const user = await database.read().em.findOne(User, { id: userId });
    if (!user) throw userUnknown(userId);
    return user;
  }

  return {
    get,

    async create(request: CreateUserRequest, { password, ...fields }: NewUser): Promise<User> {
      // Before the transaction: a third of a second of computing must not hold a connection.
      const passwordHash = await passwords.hash(password);
      const { response } = await once(database, registration(request), async ({ em }) => {
        const user = em.create(User, { ...fields, passwordHash, role: 'customer' });
        try {
          await em.flush();
        } catch (error: unknown) {
          // U1
          if (violatedUnique(error) === 'users_email_unique') throw emailTaken();
          throw error;
        }
        return CreateUserResponse.fromPartial({ user: { id: user.id } });
      });
      return get(response.user?.id ?? '');
    },

    async authenticate(email: string, password: string): Promise<Login> {
      const user = await database.read().em.findOne(User, { email }, { populate: ['passwordHash'] });
      const matches = await passwords.matches(password, user?.passwordHash);
      // U3: an inactive account is found out after the same work, by the statement that would let it in.
      if (!user || !matches) throw badCredentials();
      const { token, hash } = newRefreshToken();
      await database.transaction(async ({ sql }) => {
        await forgetExpiredTokens(sql, user.id);
        if (!(await startTokenFamily(sql, { userId: user.id, familyId: uuid(), tokenHash: hash }))) throw badCredentials();
      });
      return { userId: user.id, accessToken: await signer.accessToken(user), refreshToken: token };
    },

    async validate(userId: string): Promise<User> {
      const user = await get(userId);
      user.requireActive();
      return user;
    },

    jwksJson: () => signer.jwksJson,
  };
}

/**
 * The record of a registration holds the new user's id and nothing personal; the answer is read again (U2). Its request
 * hash leaves the password out: SHA-256 of a request whose other fields are known would let a reader of the table try
 * passwords a million times faster than bcrypt does. So one key with two passwords is one registration, with the first.
 */
function registration(request: CreateUserRequest) {
  return {
    operation: 'CreateUser',
    key: request.idempotencyKey,
    requestHash: hashRequest(CreateUserRequest.encode({ ...request, password: '' }).finish()),
    response: CreateUserResponse,
  };
}
