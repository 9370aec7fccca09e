import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { RULES } from '../../services/users/audit/rules.ts';
import { refusal } from '../../testkit/refusal.ts';
import { LIMITS, openUsers, PASSWORD, registration, type UsersFixture, userOf } from './users-fixture.ts';

let fixture: UsersFixture;
let users: UnaryCalls<typeof UsersServiceService>;
/** Two who log in, the second of whom left. */
const ids = { ada: '', gone: '' };
beforeAll(async () => {
  fixture = await openUsers();
  users = await fixture.start();
  const ada = userOf(await users.createUser(registration(), LIMITS));
  ids.ada = ada.id;
  const gone = await fixture.addUser();
  ids.gone = gone.id;
  const { refreshToken } = await users.authenticateUser({ email: ada.email, password: PASSWORD }, LIMITS);
  await users.refreshToken({ refreshToken }, LIMITS);
  await users.authenticateUser({ email: gone.email, password: PASSWORD }, LIMITS);
  await users.deactivateUser({ idempotencyKey: randomUUID(), userId: gone.id, reason: 'asked to go' }, LIMITS);
});
afterAll(() => fixture.close());

async function familyOf(who: keyof typeof ids): Promise<string> {
  const [row] = await fixture.sql<{ family_id: string }>('select family_id from refresh_tokens where user_id = $1', [ids[who]]);
  return row?.family_id ?? '';
}

async function violated(): Promise<Record<string, string[]>> {
  const { findings } = await users.audit({}, LIMITS);
  return Object.fromEntries(findings.filter((f) => f.violations > 0).map(({ rule, examples }) => [rule, examples]));
}

/** All pages of this size, from `since`. */
async function effects(pageSize: number, since?: Date): Promise<Effect[]> {
  const seen: Effect[] = [];
  for (let cursor = ''; ; ) {
    const answer = await users.listEffects({ page: { since, pageSize, cursor } }, LIMITS);
    seen.push(...answer.effects);
    if (answer.nextCursor === '') return seen;
    cursor = answer.nextCursor;
  }
}

test('who came and who went is listed by id, oldest first, on pages of any size', async () => {
  const all = await effects(1_000);
  expect(all.map(({ kind, userId }) => [kind, userId])).toEqual([
    ['registered', ids.ada],
    ['registered', ids.gone],
    ['deactivated', ids.gone],
  ]);
  for (const [n, effect] of all.entries()) {
    expect(effect).toMatchObject({ orderId: '', reference: effect.userId });
    expect(effect.sequence).toBeGreaterThan(all[n - 1]?.sequence ?? 0);
  }
  for (const size of [1, 2]) expect(await effects(size)).toEqual(all);
  expect(await users.listEffects({ page: undefined }, LIMITS)).toEqual({ effects: all, nextCursor: '' });
  expect(JSON.stringify(all)).not.toMatch(/@example|Lovelace|asked/);
});

test('effects since a time are those from it on, and a later change of the profile is none', async () => {
  const [row] = await fixture.sql<{ now: Date }>('select clock_timestamp() as now');
  const since = new Date((row?.now.getTime() ?? 0) + 1);
  await fixture.sql('select pg_sleep(0.005)');
  await users.updateUser({ idempotencyKey: randomUUID(), userId: ids.ada, name: 'Ada King' }, LIMITS);
  expect(await effects(10, since)).toEqual([]);
  const { id } = await fixture.addUser();
  expect((await effects(10, since)).map(({ userId }) => userId)).toEqual([id]);
});

test('many users of one transaction are none of them skipped between pages', async () => {
  await fixture.sql(`with added as (
      insert into users (id, email, password_hash, name, role)
      select gen_random_uuid(), 'bulk-' || n || '@example.com', (select password_hash from users limit 1), 'Bulk', 'customer'
      from generate_series(1, 20) n returning id
    ) insert into outbox (id, type, user_id) select gen_random_uuid(), 'user.registered', id from added`);
  const seen = (await effects(3)).map(({ sequence }) => sequence);
  expect(seen).toHaveLength(24);
  expect(new Set(seen).size).toBe(24);
});

test.each([
  ['a cursor that is none', { cursor: 'x' }, 'page.cursor'],
  ['a page of 1,001', { pageSize: 1_001 }, 'page.pageSize'],
  ['a page of less than nothing', { pageSize: -1 }, 'page.pageSize'],
  ['a time before all computers', { since: new Date('1815-12-10') }, 'page.since'],
])('effects with %s are invalid', async (_, given, field) => {
  const page = { since: undefined, pageSize: 0, cursor: '', ...given };
  expect(await refusal(users.listEffects({ page }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('healthy accounts violate nothing, and each rule has looked at something', async () => {
  const { findings } = await users.audit({}, LIMITS);
  expect(findings.map(({ rule }) => rule)).toEqual(RULES.map(({ name }) => name));
  for (const { rule, checked, violations, examples } of findings) {
    expect({ rule, violations, examples }).toEqual({ rule, violations: 0, examples: [] });
    expect({ rule, looked: checked > 0 }).toEqual({ rule, looked: true });
  }
});

test('a registration and a deactivation each leave one event, without personal data, and registering again leaves none', async () => {
  const request = registration();
  const { id } = userOf(await users.createUser(request, LIMITS));
  await users.createUser(request, LIMITS);
  const deactivation = { idempotencyKey: randomUUID(), userId: id, reason: 'asked to go' };
  await users.deactivateUser(deactivation, LIMITS);
  await users.deactivateUser({ ...deactivation, idempotencyKey: randomUUID() }, LIMITS);
  const event = { version: 1, order_id: null, amount_minor: null, currency: null, facts: {}, relayed_at: null };
  expect(
    await fixture.sql(
      'select type, version, order_id, amount_minor, currency, facts, relayed_at from outbox where user_id = $1 order by position',
      [id],
    ),
  ).toEqual([
    { ...event, type: 'user.registered' },
    { ...event, type: 'user.deactivated' },
  ]);
});

test('the relay reads the events in their order and marks them, and nothing else changes them', async () => {
  const outbox = await fixture.outbox();
  const { events } = await outbox.listUnrelayed({ limit: 500 }, LIMITS);
  const listed = (await effects(1_000)).map(({ kind, userId }) => [`user.${kind}`, userId]);
  expect(events.map(({ type, userId }) => [type, userId])).toEqual(listed);
  expect(events.every(({ orderId }) => orderId === '')).toBe(true);
  await outbox.markRelayed({ eventIds: events.slice(0, 2).map(({ id }) => id) }, LIMITS);
  expect((await outbox.listUnrelayed({ limit: 500 }, LIMITS)).events).toEqual(events.slice(2));
  for (const change of [`update outbox set type = 'user.erased'`, 'delete from outbox', 'truncate outbox']) {
    await expect(fixture.sql(change)).rejects.toThrow('events are never changed');
  }
});

type Fault = {
  readonly what: string;
  readonly plant: string;
  readonly heal: string;
  /** The rules that must find it, and whose ids they name. */
  readonly finds: Readonly<
    Record<string, { readonly users: readonly (keyof typeof ids)[] } | { readonly family: keyof typeof ids }>
  >;
};

// Written with the triggers, the indexes and the constraints away that would refuse them.
const FAULTS: readonly Fault[] = [
  {
    what: 'two accounts of one address',
    plant: `update users set email = (select email from users where id = '$ada') where id = '$gone'`,
    heal: `update users set email = 'gone@example.com' where id = '$gone'`,
    finds: { emails_unique: { users: ['ada', 'gone'] } },
  },
  {
    what: 'an address in capitals',
    plant: `update users set email = upper(email) where id = '$gone'`,
    heal: `update users set email = lower(email) where id = '$gone'`,
    finds: { emails_in_lower_case: { users: ['gone'] } },
  },
  {
    what: 'a password in plain text',
    plant: `create table kept as select password_hash from users where id = '$ada';
      update users set password_hash = 'secret' where id = '$ada'`,
    heal: `update users set password_hash = (select password_hash from kept) where id = '$ada'; drop table kept`,
    finds: { passwords_hashed: { users: ['ada'] } },
  },
  {
    what: 'a user who left at no time',
    plant: `create table kept as select deactivated_at from users where id = '$gone';
      update users set deactivated_at = null where id = '$gone'`,
    heal: `update users set deactivated_at = (select deactivated_at from kept) where id = '$gone'; drop table kept`,
    finds: { deactivations_recorded: { users: ['gone'] }, deactivations_emitted: { users: ['gone'] } },
  },
  {
    what: 'a user who came without an event',
    plant: `create table kept as select * from outbox where user_id = '$ada'; delete from outbox where user_id = '$ada'`,
    heal: 'insert into outbox overriding system value select * from kept; drop table kept',
    finds: { registrations_emitted: { users: ['ada'] } },
  },
  {
    what: 'a user who left twice',
    plant: `insert into outbox (id, type, user_id, at)
      select gen_random_uuid(), type, user_id, at from outbox where user_id = '$gone' and type = 'user.deactivated'`,
    heal: 'delete from outbox where position = (select max(position) from outbox)',
    finds: { deactivations_emitted: { users: ['gone'] } },
  },
  {
    what: 'an event that holds more than an id',
    plant: `update outbox set facts = '{"email": "ada@example.com"}', id = '$ada' where user_id = '$ada'`,
    heal: `update outbox set facts = '{}' where user_id = '$ada'`,
    finds: { events_hold_ids_only: { users: ['ada'] } },
  },
  {
    what: 'a live token of a user who left',
    plant: `update refresh_tokens set revoked_at = null where user_id = '$gone'`,
    heal: `update refresh_tokens set revoked_at = now() where user_id = '$gone'`,
    finds: { live_tokens_of_active_users: { family: 'gone' } },
  },
  {
    what: 'two live tokens of one family',
    plant: `create table kept as select token_hash from refresh_tokens where rotated_at is not null;
      update refresh_tokens set rotated_at = null where user_id = '$ada'`,
    heal: `update refresh_tokens t set rotated_at = s.issued_at from kept, refresh_tokens s
      where t.token_hash = kept.token_hash and s.family_id = t.family_id and s.token_hash <> t.token_hash; drop table kept`,
    finds: { one_live_token_per_family: { family: 'ada' } },
  },
  {
    what: 'a family of two users',
    plant: `update refresh_tokens set user_id = (select id from users where active and id <> '$ada' limit 1)
      where user_id = '$ada' and rotated_at is null`,
    heal: `update refresh_tokens set user_id = '$ada' where family_id = '$family'`,
    finds: { families_of_one_user: { family: 'ada' } },
  },
  {
    what: 'a family that is half revoked',
    plant: `update refresh_tokens set revoked_at = now() where user_id = '$ada' and rotated_at is not null`,
    heal: `update refresh_tokens set revoked_at = null where user_id = '$ada'`,
    finds: { families_revoked_whole: { family: 'ada' } },
  },
  {
    what: 'a token that was retired for nobody',
    plant: `update refresh_tokens set rotated_at = rotated_at + interval '1 second' where rotated_at is not null`,
    heal: `update refresh_tokens set rotated_at = rotated_at - interval '1 second' where rotated_at is not null`,
    finds: { retired_tokens_have_successors: { family: 'ada' } },
  },
];

test.each(FAULTS)('the audit finds $what', async ({ plant, heal, finds }) => {
  await disarm();
  const families = { ada: await familyOf('ada'), gone: await familyOf('gone') };
  const spelled = (sql: string) =>
    sql.replace(/\$family/g, families.ada).replace(/\$(\w+)/g, (_, who: keyof typeof ids) => ids[who]);
  const expected = Object.entries(finds).map(([rule, of]) => {
    return [rule, 'family' in of ? [families[of.family]] : of.users.map((who) => ids[who]).sort()];
  });
  await fixture.sql(spelled(plant));
  expect(await violated()).toEqual(Object.fromEntries(expected));
  await fixture.sql(spelled(heal));
  expect(await violated()).toEqual({});
});

test('there is a fault for every rule', () => {
  const found = new Set(FAULTS.flatMap(({ finds }) => Object.keys(finds)));
  expect([...found].sort()).toEqual(RULES.map(({ name }) => name).sort());
});

/** Takes away what refuses wrong rows. */
async function disarm(): Promise<void> {
  await fixture.sql(`
    alter table outbox disable trigger user;
    alter table users drop constraint if exists users_email_unique, drop constraint if exists users_email_check,
      drop constraint if exists users_password_hash_check, drop constraint if exists users_deactivation;
    drop index if exists refresh_tokens_live`);
}
