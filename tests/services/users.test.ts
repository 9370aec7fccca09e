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
});
afterAll(() => fixture.close());

test('a registered user is an active customer who can be read again', async () => {
  const request = registration({ address: ADDRESS });
  const created = userOf(await users.createUser({ ...request, email: request.email.toUpperCase() }, LIMITS));
  expect(created).toMatchObject({
    email: request.email,
    name: request.name,
    role: 'ROLE_CUSTOMER',
    active: true,
    address: ADDRESS,
  });
  expect(Math.abs(Date.now() - (created.createdAt?.getTime() ?? 0))).toBeLessThan(60_000);
  expect(userOf(await users.getUser({ userId: created.id.toUpperCase() }, LIMITS))).toEqual(created);
  expect(await users.validateUser({ userId: created.id }, LIMITS)).toEqual({ userId: created.id });
});

test('several are read at once, each as it is read alone; who does not exist is left out', async () => {
  const ada = userOf(await users.createUser(registration({ address: ADDRESS }), LIMITS));
  const { id } = await fixture.addUser();
  const { users: found } = await users.getUsers({ userIds: [id.toUpperCase(), randomUUID(), ada.id, ada.id] }, LIMITS);
  const alone = [ada, userOf(await users.getUser({ userId: id }, LIMITS))];
  expect(found.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(alone.toSorted((a, b) => a.id.localeCompare(b.id)));
});

test('a user without an address has none', async () => {
  const { id } = userOf(await users.createUser(registration(), LIMITS));
  expect(userOf(await users.getUser({ userId: id }, LIMITS)).address).toBeUndefined();
});

test('the password is kept as a bcrypt hash of cost 12 and nowhere else', async () => {
  const { id } = userOf(await users.createUser(registration(), LIMITS));
  const [row] = await fixture.sql<{ hash: string }>('select password_hash as hash from users where id = $1', [id]);
  expect(row?.hash).toMatch(/^\$2b\$12\$/);
  const everything = await fixture.sql(
    "select to_jsonb(u)::text || coalesce(encode(i.response, 'escape'), '') as row from users u, idempotency i",
  );
  expect(everything.length).toBeGreaterThan(0);
  expect(JSON.stringify(everything)).not.toContain(PASSWORD);
});

test('registering again with the same key creates nobody new and answers the same', async () => {
  const request = registration();
  const first = await users.createUser(request, LIMITS);
  // The password is no part of what makes two requests equal: the record keeps nothing of it.
  const again = await users.createUser({ ...request, password: 'another password' }, LIMITS);
  expect(again).toEqual(first);
  expect(await fixture.sql('select id from users where email = $1', [request.email])).toHaveLength(1);
  await users.authenticateUser({ email: request.email, password: PASSWORD }, LIMITS);
});

test('registering at the same time with one key creates one user', async () => {
  const request = registration();
  const answers = await Promise.all([users.createUser(request, LIMITS), users.createUser(request, LIMITS)]);
  expect(answers[0]).toEqual(answers[1]);
});

test('a key that was used for another registration is refused', async () => {
  const request = registration();
  await users.createUser(request, LIMITS);
  expect(await refusal(users.createUser({ ...request, name: 'Grace Hopper' }, LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
});

test('an e-mail address that is taken is refused whatever its case, and the record of that names nobody', async () => {
  const request = registration();
  await users.createUser(request, LIMITS);
  const second = registration({ email: request.email.toUpperCase(), name: 'Grace Hopper', address: ADDRESS });
  const refused = await refusal(users.createUser(second, LIMITS));
  expect(refused).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'validation_failed', fields: ['email'] });
  expect(await refusal(users.createUser(second, LIMITS))).toEqual(refused);
  const records = await fixture.sql<{ text: string }>(
    "select key || encode(coalesce(response, ''), 'escape') as text from idempotency",
  );
  expect(records.length).toBeGreaterThan(1);
  for (const { text } of records) expect(text).not.toMatch(/@example|Hopper|Lovelace|Zürich|8001/);
});

test('two registrations of one address at the same time make one user', async () => {
  const { email } = registration();
  const outcomes = await Promise.allSettled([
    users.createUser(registration({ email }), LIMITS),
    users.createUser(registration({ email: email.toUpperCase() }), LIMITS),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test.each([
  ['no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['a key with a space', { idempotencyKey: 'a b' }, 'idempotencyKey'],
  ['no e-mail', { email: 'ada' }, 'email'],
  ['a password of 7 bytes', { password: '1234567' }, 'password'],
  ['a password of 73 bytes in 37 characters', { password: `${'é'.repeat(36)}x` }, 'password'],
  ['no name', { name: ' ' }, 'name'],
  ['a name with NUL', { name: 'a\0b' }, 'name'],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, 'name'],
  ['a country that does not exist', { address: { ...ADDRESS, country: 'XX' } }, 'address.country'],
  ['an address without a city', { address: { ...ADDRESS, city: '' } }, 'address.city'],
])('a registration with %s is invalid', async (_, change, field) => {
  expect(await refusal(users.createUser(registration(change), LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('an invalid registration is not remembered: corrected, its key works', async () => {
  const request = registration();
  await refusal(users.createUser({ ...request, name: '' }, LIMITS));
  await users.createUser(request, LIMITS);
});

test('a password of 72 bytes is taken in full', async () => {
  const password = 'é'.repeat(36);
  const { email } = userOf(await users.createUser(registration({ password }), LIMITS));
  await users.authenticateUser({ email, password }, LIMITS);
  expect((await refusal(users.authenticateUser({ email, password: `${'é'.repeat(35)}e` }, LIMITS))).code).toBe('UNAUTHENTICATED');
});

test('an unknown user is neither found nor valid', async () => {
  const userId = randomUUID();
  const unknown = { code: 'NOT_FOUND', reason: 'user_unknown', facts: { user_id: userId } };
  expect(await refusal(users.getUser({ userId }, LIMITS))).toMatchObject(unknown);
  expect(await refusal(users.validateUser({ userId }, LIMITS))).toMatchObject(unknown);
  expect(await refusal(users.validateUser({ userId: 'nobody' }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: ['userId'],
  });
});

test('a deactivated user is not valid and can still be read', async () => {
  const { id } = userOf(await users.createUser(registration(), LIMITS));
  await users.deactivateUser({ idempotencyKey: randomUUID(), userId: id, reason: 'asked to go' }, LIMITS);
  const refused = await refusal(users.validateUser({ userId: id }, LIMITS));
  expect(refused).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'user_inactive', facts: { user_id: id } });
  expect(userOf(await users.getUser({ userId: id }, LIMITS)).active).toBe(false);
});
