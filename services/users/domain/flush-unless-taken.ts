import type { EntityManager } from '@mikro-orm/postgresql';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { emailTaken } from './errors.ts';

/** Writes the unit of work. Refuses with `email_taken` (U1). */
export async function flushUnlessTaken(em: EntityManager): Promise<void> {
  try {
    await em.flush();
  } catch (error: unknown) {
    if (violatedUnique(error) === 'users_email_unique') throw emailTaken();
    throw error;
  }
}
