import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import { LIMITS, openUsers, PASSWORD, registration, type UsersFixture } from './users-fixture.ts';

type Calls = UnaryCalls<typeof UsersServiceService>;

const NOBODY = randomUUID();

let fixture: UsersFixture;
let users: Calls;

beforeAll(async () => {
  fixture = await openUsers();
  users = await fixture.start();
  await users.createUser(registration(), LIMITS);
});
afterAll(() => fixture.close());

const update = (userId: string, email?: string) =>
  users.updateUser({ idempotencyKey: randomUUID(), userId, email, name: undefined, address: undefined }, LIMITS);
const deactivate = (userId: string) =>
  users.deactivateUser({ idempotencyKey: randomUUID(), userId, reason: 'asked for it' }, LIMITS);

async function loggedIn() {
  const { email } = await fixture.addUser();
  return users.authenticateUser({ email, password: PASSWORD }, LIMITS);
}

const unknownUser = (call: () => Promise<unknown>) => async () => ({ call, facts: { user_id: NOBODY } });

const ROWS: readonly ErrorRow<Calls>[] = [
  {
    rpc: 'createUser',
    when: 'the address is registered',
    given: async () => {
      const { email } = await fixture.addUser();
      return { call: () => users.createUser(registration({ email }), LIMITS) };
    },
    code: 'ALREADY_EXISTS',
    reason: 'validation_failed',
    fields: ['email'],
  },
  {
    rpc: 'createUser',
    when: 'the key was used for another registration',
    given: async () => {
      const request = registration();
      await users.createUser(request, LIMITS);
      const call = () => users.createUser({ ...request, name: 'Somebody else' }, LIMITS);
      return { call, facts: { key: request.idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  },
  {
    rpc: 'authenticateUser',
    when: 'nobody has the address',
    given: async () => ({ call: () => users.authenticateUser({ email: 'nobody@example.com', password: PASSWORD }, LIMITS) }),
    code: 'UNAUTHENTICATED',
    reason: 'unauthenticated',
  },
  {
    rpc: 'authenticateUser',
    when: 'the password is wrong',
    given: async () => {
      const { email } = await fixture.addUser();
      return { call: () => users.authenticateUser({ email, password: 'another one' }, LIMITS) };
    },
    code: 'UNAUTHENTICATED',
    reason: 'unauthenticated',
  },
  {
    rpc: 'authenticateUser',
    when: 'the account is deactivated',
    given: async () => {
      const { id, email } = await fixture.addUser();
      await deactivate(id);
      return { call: () => users.authenticateUser({ email, password: PASSWORD }, LIMITS) };
    },
    code: 'UNAUTHENTICATED',
    reason: 'unauthenticated',
  },
  {
    rpc: 'getUser',
    when: 'there is no such user',
    given: unknownUser(() => users.getUser({ userId: NOBODY }, LIMITS)),
    code: 'NOT_FOUND',
    reason: 'user_unknown',
  },
  {
    rpc: 'getUsers',
    when: 'too many are asked for',
    given: async () => ({ call: () => users.getUsers({ userIds: Array(101).fill(NOBODY) }, LIMITS) }),
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['userIds'],
  },
  {
    rpc: 'validateUser',
    when: 'there is no such user',
    given: unknownUser(() => users.validateUser({ userId: NOBODY }, LIMITS)),
    code: 'NOT_FOUND',
    reason: 'user_unknown',
  },
  {
    rpc: 'validateUser',
    when: 'the user is deactivated',
    given: async () => {
      const { id } = await fixture.addUser();
      await deactivate(id);
      return { call: () => users.validateUser({ userId: id }, LIMITS), facts: { user_id: id } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'user_inactive',
  },
  {
    rpc: 'updateUser',
    when: 'there is no such user',
    given: unknownUser(() => update(NOBODY)),
    code: 'NOT_FOUND',
    reason: 'user_unknown',
  },
  {
    rpc: 'updateUser',
    when: "the address is another user's",
    given: async () => {
      const [one, other] = [await fixture.addUser(), await fixture.addUser()];
      return { call: () => update(one.id, other.email) };
    },
    code: 'ALREADY_EXISTS',
    reason: 'validation_failed',
    fields: ['email'],
  },
  {
    rpc: 'deactivateUser',
    when: 'there is no such user',
    given: unknownUser(() => deactivate(NOBODY)),
    code: 'NOT_FOUND',
    reason: 'user_unknown',
  },
  {
    rpc: 'refreshToken',
    when: 'the token was never issued',
    given: async () => ({ call: () => users.refreshToken({ refreshToken: 'made up' }, LIMITS) }),
    code: 'UNAUTHENTICATED',
    reason: 'unauthenticated',
  },
  {
    rpc: 'refreshToken',
    when: 'the token was exchanged before',
    given: async () => {
      const { refreshToken } = await loggedIn();
      await users.refreshToken({ refreshToken }, LIMITS);
      return { call: () => users.refreshToken({ refreshToken }, LIMITS) };
    },
    code: 'UNAUTHENTICATED',
    reason: 'unauthenticated',
  },
  tamperedCursor('listEffects', 'page.cursor', () =>
    users.listEffects({ page: { since: undefined, pageSize: 0, cursor: 'tampered' } }, LIMITS),
  ),
];

testErrors(ROWS);

testEmptyRequests(UsersServiceService, () => users, {
  createUser: ['email', 'password', 'name', 'idempotencyKey'],
  authenticateUser: ['email', 'password'],
  getUser: ['userId'],
  getUsers: ['userIds'],
  validateUser: ['userId'],
  updateUser: ['idempotencyKey', 'userId'],
  deactivateUser: ['idempotencyKey', 'userId', 'reason'],
  refreshToken: ['refreshToken'],
  revokeToken: ['refreshToken'],
  audit: [],
  listEffects: [],
  getJwks: [],
});

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [
    users.getUser({ userId: NOBODY }, LIMITS),
    users.getUsers({ userIds: [NOBODY] }, LIMITS),
    users.createUser(registration(), LIMITS),
    deactivate(NOBODY),
  ],
);
