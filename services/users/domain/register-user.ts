import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { flushUnlessTaken } from './flush-unless-taken.ts';
import { type Address, type Role, User } from './user.ts';

export type NewUser = {
  /** Given for a user of the seed file only. */
  readonly id?: string;
  /** In lower case. */
  readonly email: string;
  readonly passwordHash: string;
  readonly name: string;
  readonly role: Role;
  readonly address: Address | null;
};

/**
 * U1 An e-mail address belongs to at most one user (the database's unique constraint).
 * U2 A password is stored as its bcrypt hash only; nothing else of it is kept, not even in an idempotency record.
 * U3 An idempotency record names a user by id alone; the answer is read again.
 */
export async function registerUser(em: EntityManager, fields: NewUser): Promise<User> {
  const user = em.create(User, fields);
  user.register(await databaseNow(em));
  await flushUnlessTaken(em);
  return user;
}
