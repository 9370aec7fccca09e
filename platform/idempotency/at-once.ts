/**
 * The usual case of an operation in one statement: claim, effect and answer in one round trip, without a transaction around it
 * whose locks wait for the network. Whatever is not usual (a key that is known, a state that forbids, another who was faster)
 * changes nothing here and is decided by `once`, which follows.
 *
 * The statement claims before it locks anything else, as `once` does, so that the two never wait for each other.
 */
import { errorField } from '../persistence/error-field.ts';
import type { Sql } from '../persistence/sql.ts';
import { type Operation, once, type Transactions } from './once.ts';
import type { Claim } from './record.ts';

/** Common table expressions; their first value is $5. */
export type AtOnce = {
  /** Ends with `fit`: one row when, by all that can be seen without a lock, the effect is legal; none otherwise. */
  readonly fit: string;
  /** Reads `claimed` and ends with `done`: one row when the effect took place. Locks what it decides by. */
  readonly effect: string;
  /** The stored answer as an expression over `fit`, when the effect makes it. Without it: the operation's known one. */
  readonly answer?: string;
  readonly values: readonly unknown[];
  /** An expression over all of them that is wanted back beside the answer, as text; it is not stored. */
  readonly returns?: string;
};

// What PostgreSQL says of a statement that cannot take place as it stands (PostgreSQL, appendix A): 22 data exceptions, among
// them the division below, 23 violated constraints, 40 conflicts with other transactions.
const TAKEN_BACK: ReadonlySet<string> = new Set(['22', '23', '40']);

export async function onceAtOnce<Response, Tx extends { readonly sql: Sql }>(
  database: Transactions<Tx> & { readonly sql: Sql },
  operation: Operation<Response>,
  atOnce: AtOnce,
  effect: (transaction: Tx) => Promise<Response>,
): Promise<{ readonly response: Response; readonly replayed: boolean; readonly returned?: string | undefined }> {
  const { known, response: codec } = operation;
  const stored = await attempt(database.sql, operation, atOnce, known && codec.encode(known).finish());
  if (!stored) return once(database, operation, effect);
  return { response: known ?? codec.decode(stored.response), replayed: false, returned: stored.returned ?? undefined };
}

/** The answer that was stored, and what is wanted beside it; undefined: nothing happened. */
async function attempt(
  sql: Sql,
  { key, operation, requestHash }: Claim,
  { fit, effect, answer, values, returns = 'null' }: AtOnce,
  known: Uint8Array | undefined,
): Promise<{ readonly response: Buffer; readonly returned: string | null } | undefined> {
  // A claim whose effect did not take place must not stay: dividing by none of it takes the whole statement back.
  const statement = `with ${fit}, claimed as (
      insert into idempotency (key, operation, request_hash, state, response, completed_at)
      select $1, $2, $3, 'completed', coalesce($4::bytea, ${answer ?? 'null'}), now() from fit
      on conflict (key) do nothing returning key, response
    ), ${effect}
    select response, 1 / (select count(*)::integer from done) as happened, ${returns}::text as returned from claimed`;
  try {
    const [claimed] = await sql.query<{ response: Buffer; returned: string | null }>(statement, [
      key,
      operation,
      requestHash,
      known ? Buffer.from(known) : null,
      ...values,
    ]);
    return claimed;
  } catch (error: unknown) {
    if (TAKEN_BACK.has((errorField(error, 'code') ?? '').slice(0, 2))) return undefined;
    throw error;
  }
}
