import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import { LIMITS, openUsers, PASSWORD, registration, type UsersFixture } from './users-fixture.ts';

const REFUSED = {
  code: 'UNAUTHENTICATED',
  reason: 'unauthenticated',
  message: 'The refresh token is not valid',
  facts: {},
  fields: [],
};

let fixture: UsersFixture;
/** Two instances of the service on one database. */
let instances: readonly UnaryCalls<typeof UsersServiceService>[];
let users: UnaryCalls<typeof UsersServiceService>;
beforeAll(async () => {
  fixture = await openUsers();
  users = await fixture.start();
  instances = [users, await fixture.start()];
  await users.createUser(registration(), LIMITS);
});
afterEach(async () => {
  const { findings } = await users.audit({}, LIMITS);
  expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
});
afterAll(() => fixture.close());

async function loggedIn() {
  const { id, email } = await fixture.addUser();
  const { refreshToken } = await users.authenticateUser({ email, password: PASSWORD }, LIMITS);
  return { id, email, refreshToken };
}

const refresh = (refreshToken: string, instance = users) => instance.refreshToken({ refreshToken }, LIMITS);
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** The tokens of a user: how many are neither retired nor revoked, and of how many families. */
async function tokensOf(userId: string) {
  const [row] = await fixture.sql<{ live: number; families: number }>(
    `select (count(*) filter (where rotated_at is null and revoked_at is null))::integer as live,
       count(distinct family_id)::integer as families from refresh_tokens where user_id = $1`,
    [userId],
  );
  return row;
}

test('a refresh token is exchanged for a new pair of the same family, which lives its whole time', async () => {
  const { id, refreshToken } = await loggedIn();
  await fixture.sql(`update refresh_tokens set expires_at = now() + interval '1 hour' where user_id = $1`, [id]);
  const pair = await refresh(refreshToken);
  expect(pair).toMatchObject({ userId: id, expiresInSeconds: 900 });
  expect(pair.refreshToken).toMatch(/^[\w-]{43}$/);
  expect(pair.refreshToken).not.toBe(refreshToken);
  const keys = JSON.parse((await users.getJwks({}, LIMITS)).jwksJson) as JSONWebKeySet;
  const { payload } = await jwtVerify(pair.accessToken, createLocalJWKSet(keys), { issuer: 'shopfast' });
  expect(payload).toMatchObject({ sub: id, role: 'customer' });
  const [row] = await fixture.sql<{ days: string }>(
    'select extract(epoch from expires_at - now()) / 86400 as days from refresh_tokens where token_hash = $1',
    [hashOf(pair.refreshToken)],
  );
  expect(Number(row?.days)).toBeCloseTo(7, 2);
  expect(await tokensOf(id)).toEqual({ live: 1, families: 1 });
  const third = await refresh(pair.refreshToken);
  expect(third.userId).toBe(id);
});

test('a role that changed is in the next access token', async () => {
  const { id, refreshToken } = await loggedIn();
  await fixture.sql(`update users set role = 'operator' where id = $1`, [id]);
  const { accessToken } = await refresh(refreshToken);
  const keys = JSON.parse((await users.getJwks({}, LIMITS)).jwksJson) as JSONWebKeySet;
  expect((await jwtVerify(accessToken, createLocalJWKSet(keys))).payload.role).toBe('operator');
});

test('a retired token that comes again revokes its family, and no other', async () => {
  const { id, email, refreshToken } = await loggedIn();
  const elsewhere = await users.authenticateUser({ email, password: PASSWORD }, LIMITS);
  const second = await refresh(refreshToken);
  const third = await refresh(second.refreshToken);
  expect(await refusal(refresh(refreshToken))).toEqual(REFUSED);
  for (const stolen of [third, second]) expect(await refusal(refresh(stolen.refreshToken))).toEqual(REFUSED);
  expect(await tokensOf(id)).toEqual({ live: 1, families: 2 });
  await refresh(elsewhere.refreshToken);
});

test('one token sent by two at the same time makes one new pair, which counts as stolen', async () => {
  for (let n = 0; n < 5; n += 1) {
    const { id, refreshToken } = await loggedIn();
    const outcomes = await Promise.allSettled(instances.map((instance) => refresh(refreshToken, instance)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const tokens = await fixture.sql('select 1 from refresh_tokens where user_id = $1', [id]);
    expect(tokens).toHaveLength(2);
    const [won] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(await refusal(refresh(won?.refreshToken ?? ''))).toEqual(REFUSED);
    expect(await tokensOf(id)).toEqual({ live: 0, families: 1 });
  }
});

test('an unknown, an expired, a revoked and an inactive user’s token cannot be told apart', async () => {
  const [expired, revoked, inactive] = [await loggedIn(), await loggedIn(), await loggedIn()];
  await fixture.sql(
    `update refresh_tokens set issued_at = now() - interval '8 days', expires_at = now() - interval '1 day' where user_id = $1`,
    [expired.id],
  );
  await users.revokeToken(revoked, LIMITS);
  await users.deactivateUser({ idempotencyKey: randomUUID(), userId: inactive.id, reason: 'gone' }, LIMITS);
  const unknown = { refreshToken: randomBytes(32).toString('base64url') };
  for (const { refreshToken } of [unknown, { refreshToken: 'x' }, expired, revoked, inactive]) {
    expect(await refusal(refresh(refreshToken))).toEqual(REFUSED);
  }
});

test('a refused refresh makes no token', async () => {
  const { id, refreshToken } = await loggedIn();
  await users.revokeToken({ refreshToken }, LIMITS);
  await refusal(refresh(refreshToken));
  expect(await fixture.sql('select 1 from refresh_tokens where user_id = $1', [id])).toHaveLength(1);
});

test('logging out ends the family, by whichever of its tokens, once or often, and leaves other logins', async () => {
  const { id, email, refreshToken } = await loggedIn();
  const elsewhere = await users.authenticateUser({ email, password: PASSWORD }, LIMITS);
  const { refreshToken: current } = await refresh(refreshToken);
  // The retired one: an app that lost the answer of its last refresh logs out with what it has.
  expect(await users.revokeToken({ refreshToken }, LIMITS)).toEqual({});
  expect(await refusal(refresh(current))).toEqual(REFUSED);
  expect(await users.revokeToken({ refreshToken: current }, LIMITS)).toEqual({});
  expect(await tokensOf(id)).toEqual({ live: 1, families: 2 });
  await refresh(elsewhere.refreshToken);
});

test('logging out with a token that nobody has succeeds', async () => {
  expect(await users.revokeToken({ refreshToken: 'nobody' }, LIMITS)).toEqual({});
});

test('a refresh and a log-out, or a deactivation, at the same time leave no live token', async () => {
  for (let n = 0; n < 5; n += 1) {
    const [leaving, gone] = [await loggedIn(), await loggedIn()];
    await Promise.allSettled([
      refresh(leaving.refreshToken, instances[0]),
      instances[1]?.revokeToken({ refreshToken: leaving.refreshToken }, LIMITS),
      refresh(gone.refreshToken, instances[1]),
      instances[0]?.deactivateUser({ idempotencyKey: randomUUID(), userId: gone.id, reason: 'gone' }, LIMITS),
    ]);
    expect([await tokensOf(leaving.id), await tokensOf(gone.id)]).toMatchObject([{ live: 0 }, { live: 0 }]);
  }
});

/** Changes the user in a transaction that stays open until `call` waits for it; then commits and answers. */
async function during<T>(changes: readonly string[], userId: string, call: () => Promise<T>): Promise<T> {
  const changing = await fixture.connect();
  try {
    await changing.query('begin');
    for (const change of changes) await changing.query(change, [userId]);
    const answer = call();
    const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await eventually(
      () => fixture.sql(waiting),
      (seen) => seen.length > 0,
    );
    await changing.query('commit');
    return await answer;
  } finally {
    changing.release(true);
  }
}

test('a login or a refresh that meets a deactivation at work waits for it and is refused', async () => {
  const deactivate = [
    'update users set active = false, deactivated_at = now() where id = $1',
    `insert into outbox (id, type, user_id) values (gen_random_uuid(), 'user.deactivated', $1)`,
  ];
  const user = await fixture.addUser();
  const login = () => refusal(users.authenticateUser({ email: user.email, password: PASSWORD }, LIMITS));
  expect((await during(deactivate, user.id, login)).code).toBe('UNAUTHENTICATED');
  expect(await tokensOf(user.id)).toEqual({ live: 0, families: 0 });

  const { id, refreshToken } = await loggedIn();
  expect(await during(deactivate, id, () => refusal(refresh(refreshToken)))).toEqual(REFUSED);
  expect(await fixture.sql('select 1 from refresh_tokens where user_id = $1', [id])).toHaveLength(1);
  await fixture.sql('delete from refresh_tokens where user_id = $1', [id]);
});

test('a log-out that meets a refresh at work waits for it and ends its new token too', async () => {
  const { id, refreshToken } = await loggedIn();
  const rotation = [
    'select 1 from users where id = $1 for no key update',
    'update refresh_tokens set rotated_at = now() where user_id = $1',
    `insert into refresh_tokens (token_hash, family_id, user_id, expires_at)
     select encode(sha256('new'), 'hex'), family_id, user_id, expires_at from refresh_tokens where user_id = $1`,
  ];
  await during(rotation, id, () => users.revokeToken({ refreshToken }, LIMITS));
  expect(await tokensOf(id)).toEqual({ live: 0, families: 1 });
});

test.each([
  ['nothing', ''],
  ['a novel', 'x'.repeat(201)],
])('%s is no token', async (_, refreshToken) => {
  const invalid = { code: 'INVALID_ARGUMENT', reason: 'validation_failed', fields: ['refreshToken'] };
  expect(await refusal(refresh(refreshToken))).toMatchObject(invalid);
  expect(await refusal(users.revokeToken({ refreshToken }, LIMITS))).toMatchObject(invalid);
});
