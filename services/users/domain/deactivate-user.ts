import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { lockUser } from './lock-user.ts';
import { RefreshToken } from './refresh-token.ts';

/** Closes the account and logs it out everywhere (S4). */
export async function deactivateUser(
  em: EntityManager,
  { userId, reason }: { readonly userId: string; readonly reason: string },
): Promise<void> {
  const user = await lockUser(em, userId);
  const at = await databaseNow(em);
  user.deactivate(reason, at);
  await em.nativeUpdate(RefreshToken, { userId, revokedAt: null }, { revokedAt: at });
}
