import { serve } from '../api/operation.ts';
import { readOwnUser, readUser, registerUser, updateUser } from '../api/users.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { scopedKey } from '../idempotency-key.ts';
import { pathId, readBody } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import { HttpProblem, notFound } from '../problem.ts';
import { userJson } from '../user-json.ts';
import { addressFrom, present } from '../wire.ts';

export function userRoutes(router: Routes, { users }: Clients): void {
  serve(router, registerUser, async (ctx) => {
    const { email, password, name, address } = await readBody(ctx, registerUser.body);
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

  serve(router, readOwnUser, async (ctx) => {
    ctx.body = await profileOf(signedIn(ctx).userId);
  });

  serve(router, readUser, async (ctx) => {
    const caller = signedIn(ctx);
    const id = pathId(ctx);
    if (id !== caller.userId && !seesEverything(caller)) throw notFound();
    ctx.body = await profileOf(id);
  });

  serve(router, updateUser, async (ctx) => {
    const caller = signedIn(ctx);
    const id = pathId(ctx);
    if (id !== caller.userId) {
      throw seesEverything(caller) ? new HttpProblem({ reason: 'forbidden', detail: 'Only the own profile.' }) : notFound();
    }
    const { email, name, address } = await readBody(ctx, updateUser.body);
    const { user } = await users.calls.updateUser(
      {
        idempotencyKey: scopedKey(ctx, 'update-profile'),
        userId: id,
        ...(email === undefined ? {} : { email }),
        ...(name === undefined ? {} : { name }),
        ...(address === undefined ? {} : { address: addressFrom(address) }),
      },
      { deadlineMs: DEADLINES_MS.profile },
    );
    ctx.body = userJson(present(user, 'a user'));
  });

  async function profileOf(userId: string) {
    const { user } = await users.calls.getUser({ userId }, { deadlineMs: DEADLINES_MS.profile });
    return userJson(present(user, 'a user'));
  }
}
