import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { type Shop, startShop, textOf } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

async function register() {
  const body = { email: `${randomUUID()}@example.com`, password: 'correct horse', name: 'Ada' };
  const { body: user } = await shop.call('POST', '/v1/users', { body });
  const id = textOf(user, 'id');
  return { ...body, id, path: `/v1/users/${id}`, headers: await shop.as('customer', id) };
}

async function signIn({ email, password }: { email: string; password: string }) {
  const { body } = await shop.call('POST', '/v1/auth/login', { body: { email, password } });
  return textOf(body, 'refresh_token');
}

const exchange = (refresh_token: string) => shop.call('POST', '/v1/auth/refresh', { body: { refresh_token } });

test('somebody changes what they name of the own profile, and the rest stays', async () => {
  const { path, headers, email } = await register();
  const address = { line1: 'Street 1', city: 'Ghent', postal_code: '9000', country: 'BE' };
  const changed = await shop.call('PUT', path, { body: { name: 'Grace', address }, headers });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({ email, name: 'Grace', address });
  expect((await shop.call('GET', path, { headers })).body).toEqual(changed.body);
});

test("somebody else's profile cannot be changed, not even by an admin", async () => {
  const ada = await register();
  const body = { name: 'Mallory' };
  const other = await shop.call('PUT', ada.path, { body, headers: await shop.as('customer', randomUUID()) });
  expect(other.status).toBe(404);
  const admin = await shop.call('PUT', ada.path, { body, headers: await shop.as('admin', randomUUID()) });
  expect(admin.status).toBe(403);
  expect((await shop.call('GET', ada.path, ada)).body).toMatchObject({ name: 'Ada' });
});

test('a profile is not changed by nothing, nor in what it does not have', async () => {
  const { path, headers } = await register();
  expect((await shop.call('PUT', path, { body: {}, headers })).status).toBe(422);
  const role = await shop.call('PUT', path, { body: { name: 'Ada', role: 'admin' }, headers });
  expect(role.status).toBe(422);
  expect(role.body.errors).toEqual([{ pointer: '/role', detail: 'is not a known field' }]);
});

test('an e-mail that is taken is 409, a deactivated account 403', async () => {
  const [ada, grace] = [await register(), await register()];
  const taken = await shop.call('PUT', ada.path, { body: { email: grace.email }, headers: ada.headers });
  expect(taken).toMatchObject({ status: 409, body: { reason: 'email_taken' } });
  await shop.clients.users.calls.deactivateUser(
    { idempotencyKey: randomUUID(), userId: ada.id, reason: 'asked for' },
    { deadlineMs: 5_000 },
  );
  const inactive = await shop.call('PUT', ada.path, { body: { name: 'Ada' }, headers: ada.headers });
  expect(inactive.status).toBe(403);
  expect(inactive.body).toMatchObject({ reason: 'user_inactive' });
});

test('a retried change carries the same key, which nobody else can make', async () => {
  const [ada, grace] = [await register(), await register()];
  const key = { 'Idempotency-Key': 'mine' };
  const rename = ({ path, headers }: typeof ada, name: string) =>
    shop.call('PUT', path, { body: { name }, headers: { ...headers, ...key } });
  const first = await rename(ada, 'Augusta');
  expect([first.status, (await rename(ada, 'Augusta')).body]).toEqual([200, first.body]);
  expect(await rename(ada, 'Other')).toMatchObject({ status: 422, body: { reason: 'idempotency_key_reused' } });
  expect(await rename(grace, 'Other')).toMatchObject({ status: 200, body: { name: 'Other' } });
});

test('a refresh token is exchanged for a new pair that works', async () => {
  const ada = await register();
  const exchanged = await exchange(await signIn(ada));
  expect(exchanged.status).toBe(200);
  expect(exchanged.body).toMatchObject({ token_type: 'Bearer', expires_in: 900, user_id: ada.id });
  const Authorization = `Bearer ${textOf(exchanged.body, 'access_token')}`;
  expect((await shop.call('GET', '/v1/users/me', { headers: { Authorization } })).body).toMatchObject({ id: ada.id });
  expect((await exchange(textOf(exchanged.body, 'refresh_token'))).status).toBe(200);
});

test('a refresh token that comes twice is 401, and so is what came of it', async () => {
  const first = await signIn(await register());
  const { body } = await exchange(first);
  const again = await exchange(first);
  expect(again.status).toBe(401);
  expect(again.body).toMatchObject({ reason: 'unauthenticated' });
  expect(again.headers.get('www-authenticate')).toMatch('Bearer');
  expect(again.text).not.toContain(first);
  expect((await exchange(textOf(body, 'refresh_token'))).status).toBe(401);
});

test('after the log-out the refresh token is 401, and a second log-out changes nothing', async () => {
  const refresh_token = await signIn(await register());
  const out = await shop.call('POST', '/v1/auth/logout', { body: { refresh_token } });
  expect([out.status, out.text]).toEqual([204, '']);
  expect((await exchange(refresh_token)).status).toBe(401);
  expect((await shop.call('POST', '/v1/auth/logout', { body: { refresh_token } })).status).toBe(204);
  expect((await shop.call('POST', '/v1/auth/logout', { body: { refresh_token: 'unknown' } })).status).toBe(204);
});

test('a refresh token that is none is 422 and reaches nobody', async () => {
  for (const refresh_token of ['', ' ', 'a b', 'x'.repeat(1_001), 7]) {
    expect((await shop.call('POST', '/v1/auth/refresh', { body: { refresh_token } })).status).toBe(422);
  }
});

test('users that is down makes signing in, refreshing and the keys 503 with Retry-After', async () => {
  const refresh_token = await signIn(await register());
  await shop.services.users.gate.close();
  try {
    const refused = [await exchange(refresh_token), await shop.call('GET', '/.well-known/jwks.json')];
    for (const answer of refused) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  } finally {
    await shop.services.users.gate.open();
    await eventually(
      () => shop.call('GET', '/.well-known/jwks.json'),
      ({ status }) => status === 200,
    );
  }
});

test('the public keys are public, may be kept for a while, and verify a token', async () => {
  const answer = await shop.call('GET', '/.well-known/jwks.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect(answer.body.keys).toEqual([expect.objectContaining({ kty: 'EC', kid: expect.any(String), use: 'sig' })]);
  // The private half of an elliptic key.
  expect(answer.text).not.toContain('"d"');
});
