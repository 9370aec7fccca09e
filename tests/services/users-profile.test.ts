import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { refusal } from '../../testkit/refusal.ts';
import { LIMITS, openUsers, PASSWORD, registration, type UsersFixture, userOf } from './users-fixture.ts';

const ADDRESS = { line1: 'Große Straße 1', line2: '', city: 'Zürich', region: 'ZH', postalCode: '8001', country: 'CH' };

let fixture: UsersFixture;
let users: UnaryCalls<typeof UsersServiceService>;
beforeAll(async () => {
  fixture = await openUsers();
  users = await fixture.start();
  await users.createUser(registration(), LIMITS);
});
afterAll(() => fixture.close());

const change = (userId: string, given: { email?: string; name?: string; address?: typeof ADDRESS }) => ({
  idempotencyKey: randomUUID(),
  userId,
  ...given,
});
const deactivation = (userId: string) => ({ idempotencyKey: randomUUID(), userId, reason: 'asked to go' });
const get = async (userId: string) => userOf(await users.getUser({ userId }, LIMITS));

test('what is set changes and what is not stays', async () => {
  const { id } = await fixture.addUser();
  const before = await get(id);
  const named = userOf(await users.updateUser(change(id, { name: 'Ada King', address: ADDRESS }), LIMITS));
  expect(named).toEqual({ ...before, name: 'Ada King', address: ADDRESS, updatedAt: expect.any(Date) });
  expect(named.updatedAt?.getTime()).toBeGreaterThan(before.updatedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  const moved = userOf(await users.updateUser(change(id, { address: { ...ADDRESS, line1: 'Other street' } }), LIMITS));
  expect(moved).toMatchObject({ name: 'Ada King', email: before.email, address: { ...ADDRESS, line1: 'Other street' } });
  expect(await get(id)).toEqual(moved);
  expect(userOf(await users.updateUser(change(id, {}), LIMITS))).toEqual(moved);
});

test('a new e-mail address is kept in lower case and logs in', async () => {
  const { id } = await fixture.addUser();
  const email = `New-${id}@Example.com`;
  expect(userOf(await users.updateUser(change(id, { email }), LIMITS)).email).toBe(email.toLowerCase());
  expect(await users.authenticateUser({ email, password: PASSWORD }, LIMITS)).toMatchObject({ userId: id });
});

test('an e-mail address that is taken is refused whatever its case, again in the same words, and nothing changes', async () => {
  const [{ email }, { id }] = [await fixture.addUser(), await fixture.addUser()];
  const before = await get(id);
  const request = change(id, { email: email.toUpperCase(), name: 'Grace Hopper' });
  const refused = await refusal(users.updateUser(request, LIMITS));
  expect(refused).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'validation_failed', fields: ['email'] });
  expect(await refusal(users.updateUser(request, LIMITS))).toEqual(refused);
  expect(await get(id)).toEqual(before);
});

test('two users who take one address at the same time: one gets it', async () => {
  const ids = [await fixture.addUser(), await fixture.addUser()].map(({ id }) => id);
  const email = `wanted-${randomUUID()}@example.com`;
  const outcomes = await Promise.allSettled(ids.map((id) => users.updateUser(change(id, { email }), LIMITS)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a repeated change changes nothing more; its key is good for nothing else, and its record names nobody', async () => {
  const { id } = await fixture.addUser();
  const request = change(id, { name: 'First Name', address: ADDRESS });
  expect(userOf(await users.updateUser(request, LIMITS)).name).toBe('First Name');
  await users.updateUser(change(id, { name: 'Second Name' }), LIMITS);
  expect(userOf(await users.updateUser(request, LIMITS)).name).toBe('Second Name');
  expect(await refusal(users.updateUser({ ...request, name: 'Third Name' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
  const records = await fixture.sql<{ text: string }>(
    "select key || encode(coalesce(response, ''), 'escape') as text from idempotency",
  );
  expect(records.length).toBeGreaterThan(1);
  for (const { text } of records) expect(text).not.toMatch(/@example|Name|Zürich|8001/);
});

test('an unknown user is neither changed nor deactivated', async () => {
  const userId = randomUUID();
  const unknown = { code: 'NOT_FOUND', reason: 'user_unknown', facts: { user_id: userId } };
  expect(await refusal(users.updateUser(change(userId, { name: 'Nobody' }), LIMITS))).toMatchObject(unknown);
  const request = deactivation(userId);
  expect(await refusal(users.deactivateUser(request, LIMITS))).toMatchObject(unknown);
  expect(await refusal(users.deactivateUser(request, LIMITS))).toMatchObject(unknown);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['no user', { userId: 'ada' }, 'userId'],
  ['an e-mail address that is none', { email: 'ada' }, 'email'],
  ['an empty name', { name: ' ' }, 'name'],
  ['a country that does not exist', { address: { ...ADDRESS, country: 'XX' } }, 'address.country'],
])('a change with %s is invalid', async (_, given, field) => {
  expect(await refusal(users.updateUser({ ...change(randomUUID(), {}), ...given }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('a deactivated user is refused everywhere from now on, and loses every refresh token', async () => {
  const { id, email } = await fixture.addUser();
  const logins = await Promise.all([1, 2].map(() => users.authenticateUser({ email, password: PASSWORD }, LIMITS)));
  expect(userOf(await users.deactivateUser(deactivation(id), LIMITS))).toMatchObject({ id, active: false });
  const inactive = { code: 'FAILED_PRECONDITION', reason: 'user_inactive', facts: { user_id: id } };
  expect(await refusal(users.validateUser({ userId: id }, LIMITS))).toMatchObject(inactive);
  expect(await refusal(users.updateUser(change(id, { name: 'Still here' }), LIMITS))).toMatchObject(inactive);
  expect((await refusal(users.authenticateUser({ email, password: PASSWORD }, LIMITS))).code).toBe('UNAUTHENTICATED');
  for (const { refreshToken } of logins) {
    expect((await refusal(users.refreshToken({ refreshToken }, LIMITS))).code).toBe('UNAUTHENTICATED');
  }
  expect(await fixture.sql('select 1 from refresh_tokens where user_id = $1 and revoked_at is null', [id])).toEqual([]);
  expect((await get(id)).active).toBe(false);
});

test('deactivating again changes nothing: the first time and reason stay', async () => {
  const { id } = await fixture.addUser();
  const request = deactivation(id);
  const first = await users.deactivateUser(request, LIMITS);
  expect(await users.deactivateUser(request, LIMITS)).toEqual(first);
  const again = { ...deactivation(id), reason: 'fraud' };
  expect(await users.deactivateUser(again, LIMITS)).toEqual(first);
  expect(await refusal(users.deactivateUser({ ...request, reason: 'fraud' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
  expect(await fixture.sql('select deactivation_reason from users where id = $1', [id])).toEqual([
    { deactivation_reason: 'asked to go' },
  ]);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['no user', { userId: 'ada' }, 'userId'],
  ['no reason', { reason: '' }, 'reason'],
])('a deactivation with %s is invalid', async (_, given, field) => {
  expect(await refusal(users.deactivateUser({ ...deactivation(randomUUID()), ...given }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});
