import * as z from 'zod';
import { login, logout, readKeys, refresh } from '../api/auth.ts';
import { serve } from '../api/operation.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { readBody } from '../input.ts';

// Seconds: as long as this gateway itself keeps the keys (tokens.ts), for the same reason.
const KEYS_CACHE_CONTROL = 'public, max-age=300';

// Only what a public key consists of leaves, whatever users answers.
const publicKeys = z.object({
  keys: z.array(
    z.object({
      kty: z.string(),
      crv: z.string().optional(),
      x: z.string().optional(),
      y: z.string().optional(),
      kid: z.string().optional(),
      alg: z.string().optional(),
      use: z.string().optional(),
    }),
  ),
});

export function authRoutes(router: Routes, { users }: Clients): void {
  serve(router, login, async (ctx) => {
    const credentials = await readBody(ctx, login.body);
    ctx.body = tokensJson(await users.calls.authenticateUser(credentials, { deadlineMs: DEADLINES_MS.login }));
  });

  serve(router, refresh, async (ctx) => {
    const { refresh_token: refreshToken } = await readBody(ctx, refresh.body);
    ctx.body = tokensJson(await users.calls.refreshToken({ refreshToken }, { deadlineMs: DEADLINES_MS.login }));
  });

  serve(router, logout, async (ctx) => {
    const { refresh_token: refreshToken } = await readBody(ctx, logout.body);
    await users.calls.revokeToken({ refreshToken }, { deadlineMs: DEADLINES_MS.login });
    ctx.status = 204;
  });

  serve(router, readKeys, async (ctx) => {
    const { jwksJson } = await users.calls.getJwks({}, { deadlineMs: DEADLINES_MS.keys });
    ctx.set('Cache-Control', KEYS_CACHE_CONTROL);
    ctx.body = publicKeys.parse(JSON.parse(jwksJson));
  });
}

function tokensJson(tokens: {
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}) {
  return {
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresInSeconds,
    user_id: tokens.userId,
  };
}
