import * as z from 'zod';
import { entityId, idempotencyKey, postalAddress, text } from '../../../platform/rpc/fields.ts';
import { PASSWORD_MAX_BYTES } from '../domain/passwords.ts';

const PASSWORD_MIN_BYTES = 8;
const TOKEN_MAX = 200;
const USERS_MAX = 100;
const EFFECTS_PAGE_MAX = 1_000;
const EFFECTS_PAGE_STANDARD = 100;
const PAGE_RANGE = `must be a whole number from 0 to ${EFFECTS_PAGE_MAX}`;
const TIME_RANGE = 'must be between the years 1970 and 9999';

const email = z.email('must be an e-mail address').max(254, 'must have at most 254 characters').toLowerCase();

const password = z
  .string()
  .refine(within(PASSWORD_MIN_BYTES), `must have ${PASSWORD_MIN_BYTES} to ${PASSWORD_MAX_BYTES} bytes of UTF-8`);

function within(minBytes: number) {
  return (value: string) => Buffer.byteLength(value) >= minBytes && Buffer.byteLength(value) <= PASSWORD_MAX_BYTES;
}

export const profile = { email, password, name: text({ min: 1, max: 200 }) };

export const createUser = z.object({
  ...profile,
  idempotencyKey,
  address: postalAddress.optional().transform((given) => given ?? null),
});

/** A short password is a wrong one; a long one is refused, because bcrypt would compare its beginning. */
export const authenticateUser = z.object({
  email,
  password: z.string().refine(within(1), `must have 1 to ${PASSWORD_MAX_BYTES} bytes of UTF-8`),
});

export const updateUser = z.object({
  idempotencyKey,
  userId: entityId,
  email: email.optional(),
  name: profile.name.optional(),
  address: postalAddress.optional(),
});

export const deactivateUser = z.object({ idempotencyKey, userId: entityId, reason: text({ min: 1, max: 200 }) });

/** Any text may be presented as a token; what was never issued is unknown. */
export const presentedToken = z.object({
  refreshToken: z.string().min(1, 'must be given').max(TOKEN_MAX, `must have at most ${TOKEN_MAX} characters`),
});

export const listEffects = z.object({
  page: z
    .object({
      since: z.date().min(new Date(0), TIME_RANGE).max(new Date('9999-12-31'), TIME_RANGE).default(new Date(0)),
      pageSize: z.int(PAGE_RANGE).min(0, PAGE_RANGE).max(EFFECTS_PAGE_MAX, PAGE_RANGE),
      cursor: z.string().max(200, 'must have at most 200 characters'),
    })
    .prefault({ pageSize: 0, cursor: '' })
    .transform(({ since, pageSize, cursor }) => ({
      sinceMicros: since.getTime() * 1_000,
      size: pageSize || EFFECTS_PAGE_STANDARD,
      cursor,
    })),
});

export const userById = z.object({ userId: entityId });

export const usersById = z.object({
  userIds: z.array(entityId).min(1, 'must have at least 1 id').max(USERS_MAX, `must have at most ${USERS_MAX} ids`),
});
