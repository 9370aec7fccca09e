import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { lockUser } from './lock-user.ts';
import { hashToken, issueToken, newTokenSecret, RefreshToken, revokeFamily, type TokenState } from './refresh-token.ts';
import type { User } from './user.ts';

export type Exchange =
  | { readonly state: 'exchanged'; readonly owner: User; readonly refreshToken: string }
  | { readonly state: 'unknown' | 'inactive' }
  | { readonly state: Exclude<TokenState, 'live'>; readonly owner: User; readonly familyId: string };

/** Exchanges a live token for its successor. A refusal is a result, because what it revokes must commit (S3). */
export async function refreshSession(em: EntityManager, presented: string): Promise<Exchange> {
  const token = await em.findOne(RefreshToken, { tokenHash: hashToken(presented) });
  if (!token) return { state: 'unknown' };
  const owner = await lockUser(em, token.userId);
  // Read again: another exchange may have committed while this one waited for the lock (S2).
  if (!(await em.refresh(token))) return { state: 'unknown' };
  const at = await databaseNow(em);
  const { familyId, userId } = token;
  const state = token.stateAt(at);
  if (state === 'retired') await revokeFamily(em, familyId, at);
  if (state !== 'live') return { state, owner, familyId };
  if (!owner.active) return { state: 'inactive' };
  token.retire(at);
  // Before the successor is written: a family has one live token (the database's unique index).
  await em.flush();
  const refreshToken = newTokenSecret();
  issueToken(em, { secret: refreshToken, familyId, userId, at });
  return { state: 'exchanged', owner, refreshToken };
}
