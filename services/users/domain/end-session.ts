import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { lockUser } from './lock-user.ts';
import { hashToken, RefreshToken, revokeFamily } from './refresh-token.ts';

/** Logs out: the token's family ends, whichever of its tokens this is. An unknown token has none. */
export async function endSession(em: EntityManager, presented: string): Promise<void> {
  const token = await em.findOne(RefreshToken, { tokenHash: hashToken(presented) });
  if (!token) return;
  await lockUser(em, token.userId);
  await revokeFamily(em, token.familyId, await databaseNow(em));
}
