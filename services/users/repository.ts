import type { Sql } from '../../platform/persistence/sql.ts';

// Milliseconds a refresh token lives: seven days.
const REFRESH_TOKEN_LIFE_MS = 7 * 24 * 60 * 60 * 1_000;

/** Starts a family with its first token, unless the account was deactivated meanwhile. False: it was. */
export async function startTokenFamily(
  sql: Sql,
  { userId, familyId, tokenHash }: { readonly userId: string; readonly familyId: string; readonly tokenHash: Buffer },
): Promise<boolean> {
  const issued = await sql.query(
    `insert into refresh_tokens (token_hash, family_id, user_id, expires_at)
     select $1, $2::uuid, id, now() + $4::bigint * interval '1 millisecond' from users where id = $3::uuid and active
     returning family_id`,
    [tokenHash, familyId, userId, REFRESH_TOKEN_LIFE_MS],
  );
  return issued.length > 0;
}

/** Logins add rows and this takes them away again: a user never has more than seven days' worth. */
export async function forgetExpiredTokens(sql: Sql, userId: string): Promise<void> {
  await sql.query('delete from refresh_tokens where user_id = $1::uuid and expires_at < now()', [userId]);
}
