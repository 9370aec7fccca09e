import type { EntityManager } from '@mikro-orm/postgresql';
import { badCredentials } from './errors.ts';
import type { Passwords } from './passwords.ts';
import { User } from './user.ts';

/**
 * Whose e-mail address and password these are. A deactivated account passes: startSession refuses it after the same work (S1).
 * Computes for a third of a second, so it is called outside a transaction.
 */
export async function authenticateUser(
  { em, passwords }: { readonly em: EntityManager; readonly passwords: Passwords },
  { email, password }: { readonly email: string; readonly password: string },
): Promise<User> {
  const user = await em.findOne(User, { email }, { populate: ['passwordHash'] });
  const matches = await passwords.matches(password, user?.passwordHash);
  if (!user || !matches) throw badCredentials();
  return user;
}
