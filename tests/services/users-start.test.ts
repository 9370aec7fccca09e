import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ConfigError } from '../../platform/config/load.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { ENTITIES } from '../../services/users/store/orm.ts';
import { refusal } from '../../testkit/refusal.ts';
import { schemaDrift } from '../../testkit/schema-drift.ts';
import { LIMITS, openUsers, PASSWORD, registration, signingKey, type UsersFixture, userOf } from './users-fixture.ts';

const SEED = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  email: 'Admin@example.com',
  password: PASSWORD,
  name: 'Admin',
  role: 'admin',
  address: { line1: '1 Main Street', city: 'Dublin', postalCode: 'D01', country: 'IE' },
};

let fixture: UsersFixture;
beforeAll(async () => {
  fixture = await openUsers();
});
afterAll(() => fixture.close());

test('users of the seed file are there once, though two instances start at the same time and a third one later', async () => {
  const USERS_SEED_FILE = await fixture.write('seeds.json', [SEED]);
  const [users] = await Promise.all([fixture.start({ USERS_SEED_FILE }), fixture.start({ USERS_SEED_FILE })]);
  const seeded = userOf(await users.getUser({ userId: SEED.id }, LIMITS));
  expect(seeded).toMatchObject({ email: 'admin@example.com', role: 'ROLE_ADMIN', address: { city: 'Dublin', line2: '' } });
  await users.authenticateUser({ email: SEED.email, password: SEED.password }, LIMITS);

  const changed = await fixture.write('seeds.json', [{ ...SEED, name: 'Somebody else' }]);
  const later = await fixture.start({ USERS_SEED_FILE: changed });
  expect(userOf(await later.getUser({ userId: SEED.id }, LIMITS))).toEqual(seeded);
});

test('a seed whose address belongs to another user stops the start with one clear line', async () => {
  const users = await fixture.start();
  const { email } = userOf(await users.createUser(registration(), LIMITS));
  const id = '01890a5d-ac96-774b-bcce-b302099a8058';
  const USERS_SEED_FILE = await fixture.write('taken.json', [{ ...SEED, id, email }]);
  const failure = await fixture.start({ USERS_SEED_FILE }).catch((error: unknown) => error);
  expect(failure).toEqual(new ConfigError(`USERS_SEED_FILE: the e-mail address of user ${id} belongs to another user`));
});

test.each([
  ['is absent', undefined],
  ['is not JSON', '{"keys": secret'],
  ['holds no key', { keys: [] }],
  [
    'holds a public key',
    { keys: [{ kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43), kid: 'a', alg: 'ES256', use: 'sig' }] },
  ],
  ['holds a key that is no pair', 'mixed'],
])('a key file that %s stops the start with one line that names the variable and none of its content', async (name, content) => {
  const mixed = { keys: [{ ...(await signingKey('a')), d: (await signingKey('b')).d }] };
  const path =
    content === undefined ? '/nowhere/keys.json' : await fixture.write(`${name}.json`, content === 'mixed' ? mixed : content);
  const failure = await fixture.start({ JWT_KEYS_FILE: path }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).toMatch(
    /^ConfigError: JWT_KEYS_FILE: .+ (it cannot be read|it is not JSON|it is not a private|its first key)/,
  );
  expect(String(failure)).not.toMatch(/secret|xxx|\n/);
});

test('logs at their loudest hold no address, no name, no password, no hash and no token, even when the database refuses', async () => {
  const child = fork('services/users/main.ts', {
    execPath: process.execPath,
    execArgv: [],
    env: { ...fixture.environment, LOG_LEVEL: 'trace' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk));
  try {
    const [ready] = (await once(child, 'message')) as [{ grpc: number }];
    const client = createClient(UsersServiceService, { target: `127.0.0.1:${ready.grpc}` });
    const request = registration();
    await client.calls.createUser(request, LIMITS);
    const login = await client.calls.authenticateUser(request, LIMITS);
    await refusal(client.calls.authenticateUser({ ...request, password: 'not the password' }, LIMITS));
    await refusal(client.calls.createUser(registration({ email: request.email }), LIMITS));
    // A fault whose details, as PostgreSQL tells them, are the whole row.
    await fixture.sql("alter table users add constraint broken check (name <> 'Charles Babbage')");
    const fault = await refusal(client.calls.createUser(registration({ name: 'Charles Babbage' }), LIMITS));
    expect(fault).toMatchObject({ code: 'INTERNAL', reason: 'internal', message: 'Internal error' });
    client.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(output).toContain('A call failed unexpectedly');
    expect(output).toContain('AuthenticateUser');
    expect(output).not.toMatch(/@example|Lovelace|Babbage|\$2b\$|correct horse|not the password/);
    for (const secret of [login.accessToken, login.refreshToken]) expect(output).not.toContain(secret);
  } finally {
    child.kill('SIGKILL');
    await fixture.sql('alter table users drop constraint if exists broken');
  }
});

test('the migrated tables are what the entities say', async () => {
  await fixture.start();
  expect(await schemaDrift(fixture.environment.USERS_DATABASE_URL, ENTITIES)).toEqual([]);
  await fixture.sql('alter table users alter column name drop not null');
  expect(await schemaDrift(fixture.environment.USERS_DATABASE_URL, ENTITIES)).toHaveLength(1);
});
