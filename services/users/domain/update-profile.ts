import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { flushUnlessTaken } from './flush-unless-taken.ts';
import { lockUser } from './lock-user.ts';
import type { ProfileChange } from './user.ts';

export async function updateProfile(
  em: EntityManager,
  { userId, ...change }: ProfileChange & { readonly userId: string },
): Promise<void> {
  const user = await lockUser(em, userId);
  user.change(change, await databaseNow(em));
  await flushUnlessTaken(em);
}
