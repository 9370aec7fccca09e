import type { EntityManager } from '@mikro-orm/postgresql';
import { userUnknown } from './errors.ts';
import { User } from './user.ts';

export async function getUser(em: EntityManager, userId: string): Promise<User> {
  const user = await em.findOne(User, { id: userId });
  if (!user) throw userUnknown(userId);
  return user;
}

/** Those that exist, in no particular order. */
export function getUsers(em: EntityManager, userIds: readonly string[]): Promise<User[]> {
  return em.find(User, { id: { $in: [...userIds] } });
}

/** Refuses with `user_unknown` or `user_inactive`. */
export async function validateUser(em: EntityManager, userId: string): Promise<void> {
  const user = await getUser(em, userId);
  user.requireActive();
}
