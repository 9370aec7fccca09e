import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuid } from 'uuid';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { badCredentials } from './errors.ts';
import { lockUser } from './lock-user.ts';
import { issueToken, newTokenSecret, RefreshToken } from './refresh-token.ts';

/** Starts a family of refresh tokens; the answer is its first token. Refused once the account is deactivated. */
export async function startSession(em: EntityManager, userId: string): Promise<string> {
  const user = await lockUser(em, userId);
  if (!user.active) throw badCredentials();
  const at = await databaseNow(em);
  const secret = newTokenSecret();
  issueToken(em, { secret, familyId: uuid(), userId, at });
  // Logins add rows and this takes them away again: a user never has more than seven days' worth.
  await em.nativeDelete(RefreshToken, { userId, expiresAt: { $lt: at } });
  return secret;
}
