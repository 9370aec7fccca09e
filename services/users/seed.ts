import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ConfigError } from '../../platform/config/load.ts';
import { DomainError } from '../../platform/domain-error.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import { entityId, postalAddress } from '../../platform/rpc/fields.ts';
import { profile } from './api/requests.ts';
import type { Passwords } from './domain/passwords.ts';
import { registerUser } from './domain/register-user.ts';
import { ROLES, User } from './domain/user.ts';

// A file leaves out what a message carries as empty.
const { line2, region } = postalAddress.shape;
const address = postalAddress.extend({ line2: line2.default(''), region: region.default('') });

const seed = z.object({
  ...profile,
  id: entityId,
  role: z.enum(ROLES),
  address: address.optional().transform((given) => given ?? null),
});

type Seed = z.infer<typeof seed>;

/** The users of the file; none without a file. Throws ConfigError, which quotes nothing of the file, when it is unusable. */
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

/** Registers those whose id is absent; a user that exists does not change. Several instances may start at the same time. */
export async function seedUsers(options: {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly seeds: readonly Seed[];
}): Promise<void> {
  const { database, passwords, seeds } = options;
  for (const { password, ...fields } of seeds) {
    if ((await database.read().em.count(User, { id: fields.id })) > 0) continue;
    const passwordHash = await passwords.hash(password);
    try {
      await database.transaction(({ em }) => registerUser(em, { ...fields, passwordHash }));
    } catch (error: unknown) {
      if (error instanceof DomainError && error.reason === 'email_taken') {
        throw new ConfigError(`USERS_SEED_FILE: the e-mail address of user ${fields.id} belongs to another user`);
      }
      // Another instance was faster.
      if (violatedUnique(error) !== 'users_pkey') throw error;
    }
  }
}
