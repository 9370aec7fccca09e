import * as z from 'zod';
import { entityId, idempotencyKey, text } from '../../platform/grpc/fields.ts';
import { isCountry } from './countries.ts';
import { PASSWORD_MAX_BYTES } from './passwords.ts';

const PASSWORD_MIN_BYTES = 8;

const email = z.email('must be an e-mail address').max(254, 'must have at most 254 characters').toLowerCase();

const password = z
  .string()
  .refine(within(PASSWORD_MIN_BYTES), `must have ${PASSWORD_MIN_BYTES} to ${PASSWORD_MAX_BYTES} bytes of UTF-8`);

function within(minBytes: number) {
  return (value: string) => Buffer.byteLength(value) >= minBytes && Buffer.byteLength(value) <= PASSWORD_MAX_BYTES;
}

export const address = z.object({
  line1: text({ min: 1, max: 200 }),
  line2: text({ min: 0, max: 200 }).default(''),
  city: text({ min: 1, max: 100 }),
  region: text({ min: 0, max: 100 }).default(''),
  postalCode: text({ min: 1, max: 20 }),
  country: z.string().refine(isCountry, 'must be an ISO 3166-1 alpha-2 country code'),
});

export const profile = { email, password, name: text({ min: 1, max: 200 }) };

export const createUser = z.object({
  ...profile,
  idempotencyKey,
  address: address.optional().transform((given) => given ?? null),
});

/** A short password is a wrong one; a long one is refused, because bcrypt would compare its beginning. */
export const authenticateUser = z.object({
  email,
  password: z.string().refine(within(1), `must have 1 to ${PASSWORD_MAX_BYTES} bytes of UTF-8`),
});

export const userById = z.object({ userId: entityId });
