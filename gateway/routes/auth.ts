import * as z from 'zod';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { readBody } from '../input.ts';

// Only bounded: whether they are right is for users to say, in one answer that does not tell which was wrong.
const credentials = z.strictObject({
  email: z.string().min(1, 'must not be empty').max(254, 'must be at most 254 characters'),
  password: z.string().min(1, 'must not be empty').max(200, 'must be at most 200 characters'),
});

export function authRoutes(router: Routes, { users }: Clients): void {
  router.post('/auth/login', async (ctx) => {
    const login = await readBody(ctx, credentials);
    const tokens = await users.calls.authenticateUser(login, { deadlineMs: DEADLINES_MS.login });
    ctx.body = {
      access_token: tokens.accessToken,
      refresh_token: tokens.refreshToken,
      token_type: 'Bearer',
      expires_in: tokens.expiresInSeconds,
      user_id: tokens.userId,
    };
  });
}
