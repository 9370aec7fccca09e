import * as z from 'zod';
import { text } from '../../platform/rpc/fields.ts';
import type { Clients } from '../clients.ts';
import { scopedKey } from '../http/idempotency-key.ts';
import { pathId, readBody } from '../http/input.ts';
import { addressFrom, present } from '../http/json.ts';
import { HttpProblem, notFound } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { addressInput } from '../http/schemas.ts';
import { seesEverything, signedIn } from '../identity/caller.ts';
import { emailInput, PASSWORD_BYTES_MIN, passwordInput } from './credentials.ts';
import { userJson, userSchema } from './user-json.ts';

type UserDeps = { readonly clients: Pick<Clients, 'users'> };

// bcrypt needs 0.3 s of one core, and several requests may queue.
const REGISTER_LIMIT_MS = 10_000;
const PROFILE_LIMIT_MS = 5_000;

const nameInput = text({ min: 1, max: 200 });

const registration = z.strictObject({
  email: emailInput,
  password: passwordInput(PASSWORD_BYTES_MIN),
  name: nameInput,
  address: addressInput.optional(),
});

export const registerUser: Route<UserDeps> = {
  operation: {
    id: 'registerUser',
    method: 'POST',
    path: '/v1/users',
    tag: 'users',
    summary: 'Register a customer',
    access: 'anyone',
    headers: { 'Idempotency-Key': { description: 'The same in every retry, so that a retry registers no second account.' } },
    body: registration,
    answers: { 201: { description: 'Registered.', schema: userSchema, headers: { Location: 'The profile.' } } },
    problems: ['email_taken'],
  },
  handler: ({ clients: { users } }) =>
    async function registerUserHandler(ctx) {
      const { email, password, name, address } = await readBody(ctx, registration);
      const { user } = await users.calls.createUser(
        {
          idempotencyKey: scopedKey(ctx, 'register'),
          email,
          password,
          name,
          ...(address ? { address: addressFrom(address) } : {}),
        },
        { deadlineMs: REGISTER_LIMIT_MS },
      );
      const created = userJson(present(user, 'a user'));
      ctx.status = 201;
      ctx.set('Location', `/v1/users/${created.id}`);
      ctx.body = created;
    },
};

export const readOwnUser: Route<UserDeps> = {
  operation: {
    id: 'readOwnUser',
    method: 'GET',
    path: '/v1/users/me',
    tag: 'users',
    summary: 'Read the own profile',
    access: 'signed-in',
    answers: { 200: { description: 'The profile.', schema: userSchema } },
    problems: ['not_found'],
  },
  handler: ({ clients }) =>
    async function readOwnUserHandler(ctx) {
      ctx.body = await readProfile(clients, signedIn(ctx).userId);
    },
};

export const readUser: Route<UserDeps> = {
  operation: {
    id: 'readUser',
    method: 'GET',
    path: '/v1/users/:id',
    tag: 'users',
    summary: 'Read a profile',
    description: 'A customer reads only the own one; operators and admins read every one.',
    access: 'signed-in',
    answers: { 200: { description: 'The profile.', schema: userSchema } },
  },
  handler: ({ clients }) =>
    async function readUserHandler(ctx) {
      const caller = signedIn(ctx);
      const id = pathId(ctx);
      if (id !== caller.userId && !seesEverything(caller)) throw notFound();
      ctx.body = await readProfile(clients, id);
    },
};

const profileChanges = z
  .strictObject({ email: emailInput.optional(), name: nameInput.optional(), address: addressInput.optional() })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'must change something')
  .meta({ minProperties: 1 });

export const updateUser: Route<UserDeps> = {
  operation: {
    id: 'updateUser',
    method: 'PUT',
    path: '/v1/users/:id',
    tag: 'users',
    summary: 'Change the own profile',
    description: 'Absent fields keep their values. Nobody changes the profile of another user.',
    access: 'signed-in',
    headers: { 'Idempotency-Key': { description: 'The same in every retry.' } },
    body: profileChanges,
    answers: { 200: { description: 'The changed profile.', schema: userSchema } },
    problems: ['forbidden', 'user_inactive', 'email_taken', 'idempotency_key_reused'],
  },
  handler: ({ clients: { users } }) =>
    async function updateUserHandler(ctx) {
      const caller = signedIn(ctx);
      const id = pathId(ctx);
      if (id !== caller.userId) {
        throw seesEverything(caller) ? new HttpProblem({ reason: 'forbidden', detail: 'Only the own profile.' }) : notFound();
      }
      const { email, name, address } = await readBody(ctx, profileChanges);
      const { user } = await users.calls.updateUser(
        {
          idempotencyKey: scopedKey(ctx, 'update-profile'),
          userId: id,
          ...(email === undefined ? {} : { email }),
          ...(name === undefined ? {} : { name }),
          ...(address === undefined ? {} : { address: addressFrom(address) }),
        },
        { deadlineMs: PROFILE_LIMIT_MS },
      );
      ctx.body = userJson(present(user, 'a user'));
    },
};

async function readProfile({ users }: UserDeps['clients'], userId: string) {
  const { user } = await users.calls.getUser({ userId }, { deadlineMs: PROFILE_LIMIT_MS });
  return userJson(present(user, 'a user'));
}
