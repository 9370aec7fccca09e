import * as z from 'zod';
import type { Clients } from '../clients.ts';
import { readBody } from '../http/input.ts';
import type { Route } from '../http/route.ts';
import { id } from '../http/schemas.ts';
import { emailInput, passwordInput } from './credentials.ts';

type AuthenticationDeps = { readonly clients: Pick<Clients, 'users'> };

const LIMITS = { deadlineMs: 5_000 };
const KEYS_LIMIT_MS = 1_500;
// Seconds: as long as this gateway itself keeps the keys (identity/tokens.ts), for the same reason.
const KEYS_CACHE_CONTROL = 'public, max-age=300';

const tokensSchema = z
  .strictObject({
    access_token: z.string().describe('A JWT, for `Authorization: Bearer`.'),
    refresh_token: z.string().describe('Good for one use.'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds until the access token expires.'),
    user_id: id,
  })
  .meta({ id: 'Tokens' });

// A short password is a wrong one; users refuses it without saying whether the e-mail was right.
const credentials = z.strictObject({ email: emailInput, password: passwordInput(1) });

const refreshTokenInput = z.strictObject({
  refresh_token: z.string().regex(/^[\x21-\x7e]{1,1000}$/, 'must be a refresh_token of ours'),
});

export const login: Route<AuthenticationDeps> = {
  operation: {
    id: 'login',
    method: 'POST',
    path: '/v1/auth/login',
    tag: 'authentication',
    summary: 'Exchange e-mail and password for tokens',
    access: 'anyone',
    body: credentials,
    answers: { 200: { description: 'Signed in.', schema: tokensSchema } },
  },
  handler: ({ clients: { users } }) =>
    async function loginHandler(ctx) {
      ctx.body = tokensJson(await users.calls.authenticateUser(await readBody(ctx, credentials), LIMITS));
    },
};

export const refresh: Route<AuthenticationDeps> = {
  operation: {
    id: 'refresh',
    method: 'POST',
    path: '/v1/auth/refresh',
    tag: 'authentication',
    summary: 'Exchange a refresh token for new tokens',
    description:
      'Each refresh token is good for one use. A second use means that somebody has stolen it: every token of the same sign-in is ' +
      'revoked. Do not repeat this call when no answer came: sign in again.',
    access: 'anyone',
    body: refreshTokenInput,
    answers: { 200: { description: 'The new pair.', schema: tokensSchema } },
  },
  handler: ({ clients: { users } }) =>
    async function refreshHandler(ctx) {
      const { refresh_token: refreshToken } = await readBody(ctx, refreshTokenInput);
      ctx.body = tokensJson(await users.calls.refreshToken({ refreshToken }, LIMITS));
    },
};

export const logout: Route<AuthenticationDeps> = {
  operation: {
    id: 'logout',
    method: 'POST',
    path: '/v1/auth/logout',
    tag: 'authentication',
    summary: 'Revoke a refresh token and every token of the same sign-in',
    description: 'Succeeds for an unknown token: there is nothing to revoke. Access tokens expire.',
    access: 'anyone',
    body: refreshTokenInput,
    answers: { 204: { description: 'Signed out.' } },
  },
  handler: ({ clients: { users } }) =>
    async function logoutHandler(ctx) {
      const { refresh_token: refreshToken } = await readBody(ctx, refreshTokenInput);
      await users.calls.revokeToken({ refreshToken }, LIMITS);
      ctx.status = 204;
    },
};

export const readKeys: Route<AuthenticationDeps> = {
  operation: {
    id: 'readKeys',
    method: 'GET',
    path: '/.well-known/jwks.json',
    tag: 'authentication',
    summary: 'The public keys that verify access tokens',
    access: 'anyone',
    answers: {
      200: {
        description: 'An RFC 7517 key set.',
        schema: z.strictObject({ keys: z.array(z.looseObject({ kty: z.string() })) }),
        headers: { 'Cache-Control': 'Good for five minutes; ask earlier for a token with an unknown `kid`.' },
      },
    },
  },
  handler: ({ clients: { users } }) =>
    async function readKeysHandler(ctx) {
      const { jwksJson } = await users.calls.getJwks({}, { deadlineMs: KEYS_LIMIT_MS });
      ctx.set('Cache-Control', KEYS_CACHE_CONTROL);
      ctx.body = publicKeys.parse(JSON.parse(jwksJson));
    },
};

// Drops every other member, so that no private part of a key leaves, whatever users answers.
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
