import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ConfigError } from '../../platform/config/load.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { Address, ROLES, User } from './entity.ts';
import type { Passwords } from './passwords.ts';
import { address, profile } from './requests.ts';

const seed = z.object({ ...profile, id: entityId, role: z.enum(ROLES), address: address.optional() });

type Seed = z.infer<typeof seed>;

/** The users of the file; none without a file. Throws ConfigError, without a word of its content, when it is unusable. */
export async function readSeeds(path: string | undefined): Promise<readonly Seed[]> {
  if (path === undefined) return [];
  const content = await readFile(path, 'utf8').catch(() => {
    throw new ConfigError(`USERS_SEED_FILE: ${path}: it cannot be read`);
  });
  const parsed = z.array(seed).safeParse(parseJson(content, path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(`USERS_SEED_FILE: ${path}: ${issue?.path.join('.')} ${issue?.message}`);
}

function parseJson(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new ConfigError(`USERS_SEED_FILE: ${path}: it is not JSON`);
  }
}

/** Creates those whose id is absent; a user that exists stays as it is. Several instances may start at once. */
export async function seedUsers(options: {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly seeds: readonly Seed[];
}): Promise<void> {
  const { database, passwords, seeds } = options;
  for (const { password, address: given, ...fields } of seeds) {
    const { em } = database.read();
    if ((await em.count(User, { id: fields.id })) > 0) continue;
    const passwordHash = await passwords.hash(password);
    const row = { ...fields, passwordHash, ...(given ? { address: em.create(Address, given) } : {}) };
    try {
      await em.upsert(User, row, { onConflictFields: ['id'], onConflictAction: 'ignore' });
    } catch (error: unknown) {
      if (violatedUnique(error) !== 'users_email_unique') throw error;
      throw new ConfigError(`USERS_SEED_FILE: the e-mail address of user ${fields.id} belongs to another user`);
    }
  }
}
