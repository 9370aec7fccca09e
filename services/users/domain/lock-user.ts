import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { userUnknown } from './errors.ts';
import { User } from './user.ts';

/**
 * The user, locked until the transaction ends. Refuses with `user_unknown`. Whatever issues, retires or revokes a user's refresh
 * tokens takes this lock first: no token is issued next to a deactivation or a log-out that does not see it.
 */
export async function lockUser(em: EntityManager, userId: string): Promise<User> {
  const user = await em.findOne(User, { id: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!user) throw userUnknown(userId);
  return user;
}
