import { v7 as uuid } from 'uuid';
import type { Database } from '../../platform/persistence/database.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import type { Logger } from '../../platform/telemetry/logs.ts';
import { User } from './entity.ts';
import { badCredentials, badToken } from './errors.ts';
import type { Passwords } from './passwords.ts';
import { forgetExpiredTokens, lockOwner, revokeFamily, rotate, startTokenFamily, tokenState } from './repository.ts';
import { hashToken, newRefreshToken, type Signer } from './tokens.ts';

export type Login = { readonly userId: string; readonly accessToken: string; readonly refreshToken: string };

export type Sessions = ReturnType<typeof createSessions>;

/**
 * S1 A failed login tells nothing about the account: one error, the same work.
 * S2 A refresh token is exchanged at most once, whatever runs at once.
 * S3 A retired token that comes again revokes its family. There is no grace, not for a second either: the one who comes
 *    second may be the owner, and the first a thief who would keep what he got. A client that lost an answer, or sends one
 *    token twice, logs in again; that is the price.
 * S4 A deactivated user has no live token.
 */
export function createSessions(options: {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly signer: Signer;
  readonly logger: Logger;
}) {
  const { database, passwords, signer, logger } = options;

  /** The owner of the token and its successor in the family, or why there is none. Must commit either way (S3). */
  async function exchange(sql: Sql, presented: Buffer, successor: Buffer) {
    const owner = await lockOwner(sql, presented);
    const token = owner && (await tokenState(sql, presented));
    if (!token) return { refused: 'unknown' } as const;
    const { familyId, state } = token;
    if (state === 'retired') await revokeFamily(sql, familyId);
    if (state !== 'live') return { refused: state, userId: owner.id, familyId } as const;
    if (!owner.active) return { refused: 'inactive' } as const;
    await rotate(sql, presented, { userId: owner.id, familyId, tokenHash: successor });
    return { owner } as const;
  }

  return {
    async authenticate(email: string, password: string): Promise<Login> {
      const user = await database.read().em.findOne(User, { email }, { populate: ['passwordHash'] });
      const matches = await passwords.matches(password, user?.passwordHash);
      // S1: an inactive account is found out after the same work, by the statement that would let it in.
      if (!user || !matches) throw badCredentials();
      const { token, hash } = newRefreshToken();
      await database.transaction(async ({ sql }) => {
        if (!(await startTokenFamily(sql, { userId: user.id, familyId: uuid(), tokenHash: hash }))) throw badCredentials();
        await forgetExpiredTokens(sql, user.id);
      });
      return { userId: user.id, accessToken: await signer.accessToken(user), refreshToken: token };
    },

    /** A new pair for a live token. One refusal for all others: it does not say whether the token was ever good. */
    async refresh(refreshToken: string): Promise<Login> {
      const { token, hash } = newRefreshToken();
      const outcome = await database.transaction(({ sql }) => exchange(sql, hashToken(refreshToken), hash));
      if (outcome.owner) {
        const { owner } = outcome;
        return { userId: owner.id, accessToken: await signer.accessToken(owner), refreshToken: token };
      }
      if (outcome.refused === 'retired') {
        const { userId, familyId } = outcome;
        logger.warn({ user_id: userId, family_id: familyId }, 'A retired refresh token came again; its family is revoked');
      }
      throw badToken();
    },

    /** Logs out: the token's family ends, whichever of its tokens this is. An unknown token has none. */
    async revoke(refreshToken: string): Promise<void> {
      const hash = hashToken(refreshToken);
      await database.transaction(async ({ sql }) => {
        const token = (await lockOwner(sql, hash)) && (await tokenState(sql, hash));
        if (token) await revokeFamily(sql, token.familyId);
      });
    },
  };
}
