import * as z from 'zod';
import { text } from '../../platform/grpc/fields.ts';
import { Role, type User } from '../../proto/gen/shopfast/users/v1/users.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Role as RoleName, Routes } from '../context.ts';
import { scopedKey } from '../idempotency-key.ts';
import { pathId, readBody } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import { notFound } from '../problem.ts';
import { addressFrom, addressJson, addressSchema, present } from '../wire.ts';

// bcrypt reads no further.
const PASSWORD_BYTES_MAX = 72;

const PASSWORD_BYTES_MIN = 8;

export const emailSchema = z.email('must be an e-mail address').max(254, 'must have at most 254 characters');

/** Bounded in bytes, as bcrypt counts. */
export function passwordSchema(minBytes: number) {
  const fits = (password: string) => {
    const bytes = Buffer.byteLength(password);
    return bytes >= minBytes && bytes <= PASSWORD_BYTES_MAX;
  };
  return z.string().refine(fits, `must have ${minBytes} to ${PASSWORD_BYTES_MAX} bytes of UTF-8`);
}

const newUser = z.strictObject({
  email: emailSchema,
  password: passwordSchema(PASSWORD_BYTES_MIN),
  name: text({ min: 1, max: 200 }),
  address: addressSchema.optional(),
});

export function userRoutes(router: Routes, { users }: Clients): void {
  router.post('/users', async (ctx) => {
    const { email, password, name, address } = await readBody(ctx, newUser);
    const { user } = await users.calls.createUser(
      {
        idempotencyKey: scopedKey(ctx, 'register'),
        email,
        password,
        name,
        ...(address ? { address: addressFrom(address) } : {}),
      },
      { deadlineMs: DEADLINES_MS.register },
    );
    const created = userJson(present(user, 'a user'));
    ctx.status = 201;
    ctx.set('Location', `/v1/users/${created.id}`);
    ctx.body = created;
  });

  router.get('/users/me', async (ctx) => {
    ctx.body = await readUser(signedIn(ctx).userId);
  });

  router.get('/users/:id', async (ctx) => {
    const caller = signedIn(ctx);
    const id = pathId(ctx);
    if (id !== caller.userId && !seesEverything(caller)) throw notFound();
    ctx.body = await readUser(id);
  });

  async function readUser(userId: string) {
    const { user } = await users.calls.getUser({ userId }, { deadlineMs: DEADLINES_MS.profile });
    return userJson(present(user, 'a user'));
  }
}

function userJson(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: ROLE_NAMES[user.role],
    active: user.active,
    ...(user.address ? { address: addressJson(user.address) } : {}),
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

const ROLE_NAMES: Readonly<Record<Role, RoleName>> = {
  [Role.ROLE_UNSPECIFIED]: 'customer',
  [Role.ROLE_CUSTOMER]: 'customer',
  [Role.ROLE_OPERATOR]: 'operator',
  [Role.ROLE_ADMIN]: 'admin',
};
