import * as z from 'zod';
import { text } from '../../platform/rpc/fields.ts';
import { addressSchema } from '../wire.ts';
import type { Operation } from './operation.ts';
import { address, id, role, time } from './shapes.ts';

// bcrypt reads no further.
const PASSWORD_BYTES_MAX = 72;
const PASSWORD_BYTES_MIN = 8;

export const emailSchema = z.email('must be an e-mail address').max(254, 'must have at most 254 characters');

/** Bounded in bytes, as bcrypt counts. */
export function passwordSchema(minBytes: number) {
  const message = `must have ${minBytes} to ${PASSWORD_BYTES_MAX} bytes of UTF-8`;
  const fits = (password: string) => {
    const bytes = Buffer.byteLength(password);
    return bytes >= minBytes && bytes <= PASSWORD_BYTES_MAX;
  };
  return z.string().refine(fits, message).meta({ format: 'password', description: message });
}

const nameSchema = text({ min: 1, max: 200 });

const user = z
  .strictObject({
    id,
    email: z.string(),
    name: z.string(),
    role,
    active: z.boolean(),
    address: address.optional(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'User' });

export const userAnswer = user;

export const registerUser = {
  id: 'registerUser',
  method: 'POST',
  path: '/v1/users',
  tag: 'users',
  summary: 'Register a customer',
  access: 'anyone',
  headers: { 'Idempotency-Key': { description: 'The same in every retry, so that a retry registers nobody twice.' } },
  body: z.strictObject({
    email: emailSchema,
    password: passwordSchema(PASSWORD_BYTES_MIN),
    name: nameSchema,
    address: addressSchema.optional(),
  }),
  answers: { 201: { description: 'Registered.', schema: user, headers: { Location: 'Where the profile is.' } } },
} as const satisfies Operation;

export const readOwnUser = {
  id: 'readOwnUser',
  method: 'GET',
  path: '/v1/users/me',
  tag: 'users',
  summary: 'Read the own profile',
  access: 'signed-in',
  answers: { 200: { description: 'The profile.', schema: user } },
  problems: ['not_found'],
} as const satisfies Operation;

export const readUser = {
  id: 'readUser',
  method: 'GET',
  path: '/v1/users/:id',
  tag: 'users',
  summary: 'Read a profile',
  description: "A customer reads only the own one; operators and admins anybody's.",
  access: 'signed-in',
  answers: { 200: { description: 'The profile.', schema: user } },
} as const satisfies Operation;

export const updateUser = {
  id: 'updateUser',
  method: 'PUT',
  path: '/v1/users/:id',
  tag: 'users',
  summary: 'Change the own profile',
  description: 'What is absent stays as it is. Nobody changes the profile of somebody else.',
  access: 'signed-in',
  headers: { 'Idempotency-Key': { description: 'The same in every retry.' } },
  body: z
    .strictObject({ email: emailSchema.optional(), name: nameSchema.optional(), address: addressSchema.optional() })
    .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'must change something'),
  answers: { 200: { description: 'The profile as it is now.', schema: user } },
  problems: ['forbidden', 'user_inactive', 'idempotency_key_reused'],
} as const satisfies Operation;
