/** The answer that each key got first (PR1, PR4 of open.ts). */
import type { Sql } from '../../../platform/persistence/sql.ts';

export type StoredAnswer = {
  /** Null: the key was cancelled before its request came. */
  readonly fingerprint: string | null;
  readonly status: number;
  readonly answer: string;
};

/** False when the key has an answer already. */
export async function storeAnswer(sql: Sql, key: string, { fingerprint, status, answer }: StoredAnswer): Promise<boolean> {
  const stored = await sql.query(
    'insert into requests (key, fingerprint, status, answer) values ($1, $2, $3, $4) on conflict (key) do nothing returning key',
    [key, fingerprint, status, answer],
  );
  return stored.length > 0;
}

export async function readAnswer(sql: Sql, key: string): Promise<StoredAnswer | undefined> {
  const [stored] = await sql.query<StoredAnswer>('select fingerprint, status, answer from requests where key = $1', [key]);
  return stored;
}
