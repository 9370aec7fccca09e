import type { Sql } from '../persistence/sql.ts';
import { StatusError } from '../rpc/status-error.ts';
import { type Claim, claim, complete, refuse } from './record.ts';

/** A generated message's codec. Responses are stored in their wire form, which outlives a change of schema. */
export type Codec<T> = { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T };

/** A service's database, or a plain pool. */
export type Transactions<Tx extends { readonly sql: Sql }> = {
  transaction<T>(work: (transaction: Tx) => Promise<T>): Promise<T>;
};

// Codes of refusals: the operation did not happen and never will under this key. The rest are faults.
const REFUSALS: ReadonlySet<StatusError['code']> = new Set([
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
]);

export function isRefusal(error: unknown): error is StatusError {
  return error instanceof StatusError && REFUSALS.has(error.code);
}

export type Operation<Response> = Omit<Claim, 'lease'> & { readonly response: Codec<Response> };

/**
 * Runs the effect once per key, however often it is called: claim, effect and response commit together. A repeated call
 * gets the stored response; a refused one the stored refusal. A fault stores nothing, and the next attempt starts afresh.
 */
export async function once<Response, Tx extends { readonly sql: Sql }>(
  database: Transactions<Tx>,
  operation: Operation<Response>,
  effect: (transaction: Tx) => Promise<Response>,
): Promise<{ readonly response: Response; readonly replayed: boolean }> {
  const { response: codec, ...claimable } = operation;
  try {
    return await database.transaction(async (transaction) => {
      const claimed = await claim(transaction.sql, claimable);
      if (claimed.state === 'completed') return { response: codec.decode(claimed.response), replayed: true };
      const response = await effect(transaction);
      await complete(transaction.sql, operation.key, codec.encode(response).finish());
      return { response, replayed: false };
    });
  } catch (error: unknown) {
    if (!isRefusal(error)) throw error;
    return await storeRefusal(database, operation, error);
  }
}

/**
 * Stores the refusal in a separate transaction, because the effect's transaction rolled back together with its claim. If another
 * attempt claimed the key between the two transactions, its outcome is the answer to both callers.
 */
async function storeRefusal<Response, Tx extends { readonly sql: Sql }>(
  database: Transactions<Tx>,
  operation: Operation<Response>,
  refusal: StatusError,
): Promise<{ readonly response: Response; readonly replayed: boolean }> {
  const outcome = await database.transaction(async ({ sql }) => {
    const claimed = await claim(sql, operation);
    if (claimed.state === 'mine') await refuse(sql, operation.key, refusal);
    return claimed;
  });
  if (outcome.state === 'mine') throw refusal;
  return { response: operation.response.decode(outcome.response), replayed: true };
}
