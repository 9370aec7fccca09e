import * as z from 'zod';
import type { Operation } from './operation.ts';
import { id } from './shapes.ts';
import { emailSchema, passwordSchema } from './users.ts';

const tokens = z
  .strictObject({
    access_token: z.string().describe('A JWT, for `Authorization: Bearer`.'),
    refresh_token: z.string().describe('Good for one use.'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds until the access token expires.'),
    user_id: id,
  })
  .meta({ id: 'Tokens' });

const refreshToken = z.strictObject({
  refresh_token: z.string().regex(/^[\x21-\x7e]{1,1000}$/, 'must be a refresh_token of ours'),
});

export const login = {
  id: 'login',
  method: 'POST',
  path: '/v1/auth/login',
  tag: 'authentication',
  summary: 'Exchange e-mail and password for tokens',
  access: 'anyone',
  // A short password is a wrong one, and users says so without telling whether the e-mail was right.
  body: z.strictObject({ email: emailSchema, password: passwordSchema(1) }),
  answers: { 200: { description: 'Signed in.', schema: tokens } },
} as const satisfies Operation;

export const refresh = {
  id: 'refresh',
  method: 'POST',
  path: '/v1/auth/refresh',
  tag: 'authentication',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Each refresh token is good for one use. One that comes a second time was stolen, or its owner was: every token that came ' +
    'of the same sign-in is revoked. For the same reason this is not to be repeated blindly when no answer came: sign in again.',
  access: 'anyone',
  body: refreshToken,
  answers: { 200: { description: 'The new pair.', schema: tokens } },
} as const satisfies Operation;

export const logout = {
  id: 'logout',
  method: 'POST',
  path: '/v1/auth/logout',
  tag: 'authentication',
  summary: 'Revoke a refresh token and all that came of the same sign-in',
  description: 'Succeeds for a token that is not known: there is nothing to revoke. Access tokens end by themselves.',
  access: 'anyone',
  body: refreshToken,
  answers: { 204: { description: 'Signed out.' } },
} as const satisfies Operation;

export const readKeys = {
  id: 'readKeys',
  method: 'GET',
  path: '/.well-known/jwks.json',
  tag: 'authentication',
  summary: 'The public keys that access tokens are verified with',
  access: 'anyone',
  answers: {
    200: {
      description: 'An RFC 7517 key set.',
      schema: z.strictObject({ keys: z.array(z.looseObject({ kty: z.string() })) }),
      headers: { 'Cache-Control': 'May be kept for five minutes; a token with an unknown `kid` is a reason to ask earlier.' },
    },
  },
} as const satisfies Operation;
