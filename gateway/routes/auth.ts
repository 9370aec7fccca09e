import * as z from 'zod';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { readBody } from '../input.ts';
import { emailSchema, passwordSchema } from './users.ts';

// A short password is a wrong one, and users says so without telling whether the e-mail was right.
const credentials = z.strictObject({ email: emailSchema, password: passwordSchema(1) });

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
