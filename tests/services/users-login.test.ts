import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { User, UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { refusal } from '../../testkit/refusal.ts';
import { LIMITS, openUsers, PASSWORD, registration, type UsersFixture, userOf } from './users-fixture.ts';

const EXPECTED = { issuer: 'shopfast', audience: 'shopfast-api', algorithms: ['ES256'] };

let fixture: UsersFixture;
let users: UnaryCalls<typeof UsersServiceService>;
let ada: User;
beforeAll(async () => {
  fixture = await openUsers();
  users = await fixture.start();
  ada = userOf(await users.createUser(registration(), LIMITS));
});
afterAll(() => fixture.close());

async function publishedKeys(): Promise<JSONWebKeySet> {
  return JSON.parse((await users.getJwks({}, LIMITS)).jwksJson) as JSONWebKeySet;
}

test('an access token is verified by the published keys and says who, in which role, for 15 minutes', async () => {
  const login = await users.authenticateUser({ email: ada.email.toUpperCase(), password: PASSWORD }, LIMITS);
  expect(login).toMatchObject({ userId: ada.id, expiresInSeconds: 900 });
  const { payload } = await jwtVerify(login.accessToken, createLocalJWKSet(await publishedKeys()), EXPECTED);
  expect(payload).toMatchObject({ sub: ada.id, role: 'customer' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
  expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'role', 'sub']);
  expect(decodeProtectedHeader(login.accessToken)).toEqual({ alg: 'ES256', kid: 'first', typ: 'JWT' });
});

test('only the public halves of the keys are published', async () => {
  const { keys } = await publishedKeys();
  expect(keys.map(({ kid }) => kid)).toEqual(['first', 'second']);
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});

test('a refresh token is random, lives seven days and is stored as its hash, one family per login', async () => {
  const first = await users.authenticateUser({ email: ada.email, password: PASSWORD }, LIMITS);
  const second = await users.authenticateUser({ email: ada.email, password: PASSWORD }, LIMITS);
  expect(first.refreshToken).toMatch(/^[\w-]{43}$/);
  expect(second.refreshToken).not.toBe(first.refreshToken);
  const hashes = [first, second].map(({ refreshToken }) => createHash('sha256').update(refreshToken).digest('hex'));
  const rows = await fixture.sql<{ family_id: string; days: number }>(
    `select family_id, extract(epoch from expires_at - issued_at) / 86400 as days from refresh_tokens where token_hash = any($1)`,
    [hashes],
  );
  expect(rows.map(({ days }) => Number(days))).toEqual([7, 7]);
  expect(new Set(rows.map(({ family_id }) => family_id)).size).toBe(2);
  const stored = await fixture.sql(
    "select token_hash || encode(decode(token_hash, 'hex'), 'base64') as text from refresh_tokens",
  );
  expect(JSON.stringify(stored)).not.toContain(first.refreshToken);
});

test('a login takes the expired tokens of its user away', async () => {
  await fixture.sql(
    `update refresh_tokens set issued_at = now() - interval '8 days', expires_at = now() - interval '1 day' where user_id = $1`,
    [ada.id],
  );
  await users.authenticateUser({ email: ada.email, password: PASSWORD }, LIMITS);
  expect(await fixture.sql('select 1 from refresh_tokens where user_id = $1', [ada.id])).toHaveLength(1);
});

test('an unknown address, a wrong password and a deactivated account cannot be told apart', async () => {
  const gone = userOf(await users.createUser(registration(), LIMITS));
  await fixture.sql('update users set active = false, deactivated_at = now() where id = $1', [gone.id]);
  const attempts = [
    { email: 'nobody@example.com', password: PASSWORD },
    { email: ada.email, password: 'wrong' },
    { email: gone.email, password: PASSWORD },
  ];
  const answers = [];
  for (const attempt of attempts) {
    const startedMs = performance.now();
    answers.push({ ...(await refusal(users.authenticateUser(attempt, LIMITS))), tookMs: performance.now() - startedMs });
  }
  for (const { tookMs, ...answer } of answers) {
    expect(answer).toEqual({
      code: 'UNAUTHENTICATED',
      reason: 'unauthenticated',
      message: 'E-mail or password is wrong',
      facts: {},
      fields: [],
    });
    // A hash of cost 12 takes more than 100 ms anywhere; looking up an address takes 2.
    expect(tookMs).toBeGreaterThan(50);
  }
  expect(await fixture.sql('select 1 from refresh_tokens where user_id = $1', [gone.id])).toHaveLength(0);
});

test('a password that only begins like the right one is not it', async () => {
  const password = 'x'.repeat(72);
  const { email } = userOf(await users.createUser(registration({ password }), LIMITS));
  expect(await refusal(users.authenticateUser({ email, password: `${password}y` }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['password'],
  });
});

test('nothing that answers carries a password or its hash', async () => {
  const answers = [
    await users.createUser(registration(), LIMITS),
    await users.getUser({ userId: ada.id }, LIMITS),
    await users.authenticateUser({ email: ada.email, password: PASSWORD }, LIMITS),
  ];
  expect(JSON.stringify(answers)).not.toMatch(/password|\$2b\$/i);
  expect(JSON.stringify(answers)).not.toContain(PASSWORD);
});
