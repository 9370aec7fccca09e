/**
 * S1 A failed login reveals nothing about the account: one error, the same work.
 * S2 A refresh token is exchanged at most once, whatever runs at the same time.
 * S3 A retired token that comes again revokes its family. There is no grace period: the second one to come may be the owner, and the
 *    first a thief who would keep what he got. A client that lost an answer, or sends one token twice, logs in again.
 * S4 A deactivated user has no live token.
 */
import { createHash, randomBytes } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';

// Milliseconds a refresh token lives: seven days.
const REFRESH_TOKEN_LIFE_MS = 7 * 24 * 60 * 60 * 1_000;

export const RefreshTokenSchema = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    /** SHA-256 in hexadecimal. */
    tokenHash: p.text().primary(),
    /** A family is what one login started: each exchange adds a token to it. */
    familyId: p.uuid(),
    userId: p.uuid(),
    issuedAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime(),
    /** Set when the token was exchanged for its successor. */
    rotatedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
});

export type TokenState = 'live' | 'retired' | 'revoked' | 'expired';

export class RefreshToken extends RefreshTokenSchema.class {
  stateAt(at: Date): TokenState {
    if (this.revokedAt) return 'revoked';
    if (this.rotatedAt) return 'retired';
    return this.expiresAt <= at ? 'expired' : 'live';
  }

  retire(at: Date): void {
    this.rotatedAt = at;
  }
}
RefreshTokenSchema.setClass(RefreshToken);

/** An opaque token of 256 random bits; only its hash is stored. */
export function newTokenSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Without salt or rounds: 256 random bits cannot be guessed. */
export function hashToken(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Adds a token that lives its whole time from `at`. The caller holds the lock of its user. */
export function issueToken(
  em: EntityManager,
  { secret, at, ...of }: { readonly secret: string; readonly familyId: string; readonly userId: string; readonly at: Date },
): void {
  const expiresAt = new Date(at.getTime() + REFRESH_TOKEN_LIFE_MS);
  em.create(RefreshToken, { ...of, tokenHash: hashToken(secret), issuedAt: at, expiresAt });
}

/** Ends all tokens of a family. The caller holds the lock of its user. */
export async function revokeFamily(em: EntityManager, familyId: string, at: Date): Promise<void> {
  await em.nativeUpdate(RefreshToken, { familyId, revokedAt: null }, { revokedAt: at });
}
