/**
 * Plain statements, most of them about refresh tokens. Every statement that adds, retires or revokes tokens of a user comes after a lock on the user's row, in
 * the same transaction: then no token is issued beside a deactivation or a log-out that does not see it.
 */
import type { Sql } from '../../platform/persistence/sql.ts';
import type { Address, Role } from './entity.ts';

// Milliseconds a refresh token lives: seven days.
const REFRESH_TOKEN_LIFE_MS = 7 * 24 * 60 * 60 * 1_000;

export type NewToken = { readonly userId: string; readonly familyId: string; readonly tokenHash: Buffer };

/** Starts a family with its first token, unless the account was deactivated meanwhile. False: it was. */
export async function startTokenFamily(sql: Sql, token: NewToken): Promise<boolean> {
  const issued = await sql.query(
    `insert into refresh_tokens (token_hash, family_id, user_id, expires_at)
     select $1, $2::uuid, id, now() + $4::bigint * interval '1 millisecond'
     from users where id = $3::uuid and active for no key update
     returning family_id`,
    [token.tokenHash, token.familyId, token.userId, REFRESH_TOKEN_LIFE_MS],
  );
  return issued.length > 0;
}

/** Logins add rows and this takes them away again: a user never has more than seven days' worth. */
export async function forgetExpiredTokens(sql: Sql, userId: string): Promise<void> {
  await sql.query('delete from refresh_tokens where user_id = $1::uuid and expires_at < now()', [userId]);
}

export type Owner = { readonly id: string; readonly role: Role; readonly active: boolean };

/** Whose token this is, locked until the transaction ends. Undefined: nobody's. */
export async function lockOwner(sql: Sql, tokenHash: Buffer): Promise<Owner | undefined> {
  const [owner] = await sql.query<Owner>(
    `select id, role, active from users where id = (select user_id from refresh_tokens where token_hash = $1) for no key update`,
    [tokenHash],
  );
  return owner;
}

export type TokenState = { readonly familyId: string; readonly state: 'live' | 'retired' | 'revoked' | 'expired' };

/** The token as it is now. A statement of its own, after the lock: an earlier one would not see what the lock waited for. */
export async function tokenState(sql: Sql, tokenHash: Buffer): Promise<TokenState | undefined> {
  const [token] = await sql.query<{ family_id: string; state: TokenState['state'] }>(
    `select family_id, case when revoked_at is not null then 'revoked' when rotated_at is not null then 'retired'
       when expires_at <= now() then 'expired' else 'live' end as state
     from refresh_tokens where token_hash = $1`,
    [tokenHash],
  );
  return token && { familyId: token.family_id, state: token.state };
}

/** Retires a live token for its successor, which lives its whole time from now. */
export async function rotate(sql: Sql, retired: Buffer, successor: NewToken): Promise<void> {
  await sql.query('update refresh_tokens set rotated_at = now() where token_hash = $1', [retired]);
  await sql.query(
    `insert into refresh_tokens (token_hash, family_id, user_id, expires_at)
     values ($1, $2::uuid, $3::uuid, now() + $4::bigint * interval '1 millisecond')`,
    [successor.tokenHash, successor.familyId, successor.userId, REFRESH_TOKEN_LIFE_MS],
  );
}

export async function revokeFamily(sql: Sql, familyId: string): Promise<void> {
  await sql.query('update refresh_tokens set revoked_at = now() where family_id = $1::uuid and revoked_at is null', [familyId]);
}

export async function revokeTokensOf(sql: Sql, userId: string): Promise<void> {
  await sql.query('update refresh_tokens set revoked_at = now() where user_id = $1::uuid and revoked_at is null', [userId]);
}

/** Undefined: there is no such user. */
export async function isActive(sql: Sql, userId: string): Promise<boolean | undefined> {
  const [user] = await sql.query<{ active: boolean }>('select active from users where id = $1::uuid', [userId]);
  return user?.active;
}

/** A user as everybody reads it, without the password's hash. */
export type UserRecord = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly active: boolean;
  readonly address: Address | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

// An address is there as a whole or not at all (users_address_whole).
const RECORD = `
select json_build_object('id', id, 'email', email, 'name', name, 'role', role, 'active', active,
  'address', case when address_line1 is not null then json_build_object('line1', address_line1, 'line2', address_line2,
    'city', address_city, 'region', address_region, 'postalCode', address_postal_code, 'country', address_country) end,
  'createdAt', created_at, 'updatedAt', updated_at) as record
from users`;

type UserRow = Omit<UserRecord, 'createdAt' | 'updatedAt'> & { readonly createdAt: string; readonly updatedAt: string };

/** Undefined: there is no such user. */
export async function readUser(sql: Sql, userId: string): Promise<UserRecord | undefined> {
  const [row] = await sql.query<{ record: UserRow }>(`${RECORD} where id = $1::uuid`, [userId]);
  return row && userOf(row.record);
}

/** Those that there are, in no particular order. */
export async function readUsers(sql: Sql, userIds: readonly string[]): Promise<UserRecord[]> {
  const rows = await sql.query<{ record: UserRow }>(`${RECORD} where id = any ($1::uuid[])`, [userIds]);
  return rows.map(({ record }) => userOf(record));
}

function userOf({ createdAt, updatedAt, ...rest }: UserRow): UserRecord {
  return { ...rest, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
}
