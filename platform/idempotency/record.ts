/**
 * The record of one operation under its idempotency key.
 *
 * ID1 A key belongs to one operation and one request; any other call under it is refused.
 * ID2 The claim, the effect and the stored response commit together, or a lease names the owner that works on the operation.
 * ID3 Only the owner of the lease settles a record; an owner whose lease was taken over settles nothing.
 * ID4 A tombstone stays: every call that arrives under its key afterwards is refused.
 * ID5 Every time is the database's.
 */
import { createHash } from 'node:crypto';
import type { Sql } from '../persistence/sql.ts';
import { shielded } from '../rpc/call-scope.ts';
import { StatusError, statusBytes, statusFrom } from '../rpc/status-error.ts';

// Milliseconds that a caller should wait before it retries.
const BUSY_RETRY_MS = 1_000;

export type Claim = {
  /** The RPC's name. */
  readonly operation: string;
  /** Made by the caller from business ids; stable across retries. */
  readonly key: string;
  readonly requestHash: Buffer;
  /** For an operation that spans transactions: its owner, and how long until another owner may take over. */
  readonly lease?: { readonly owner: string; readonly durationMs: number };
};

export type Claimed =
  | { readonly state: 'mine'; readonly attempt: number }
  | { readonly state: 'completed'; readonly response: Buffer };

type Row = {
  operation: string;
  request_hash: Buffer | null;
  state: 'in_progress' | 'completed' | 'refused' | 'tombstoned';
  response: Buffer | null;
};

/** The hash of a request in its wire form, in which an absent field and a default one are the same. */
export function hashRequest(wire: Uint8Array): Buffer {
  return createHash('sha256').update(wire).digest();
}

/**
 * Claims the key, takes over a dead owner's claim, or finds the stored response. Throws the stored refusal,
 * FAILED_PRECONDITION for a key that another request used (ID1) or that is tombstoned (ID4), ABORTED while another owner works on
 * it.
 */
export async function claim(sql: Sql, request: Claim): Promise<Claimed> {
  const { operation, key, requestHash, lease } = request;
  // A known key is read and not locked: repeated calls do not wait for each other.
  const inserted = await sql.query(
    `insert into idempotency (key, operation, request_hash, state, owner, locked_until)
     values ($1, $2, $3, 'in_progress', $4::uuid, now() + $5::integer * interval '1 millisecond')
     on conflict (key) do nothing returning key`,
    [key, operation, requestHash, lease?.owner ?? null, lease?.durationMs ?? null],
  );
  if (inserted.length > 0) return { state: 'mine', attempt: 1 };
  const [row] = await sql.query<Row & { abandoned: boolean }>(
    `select operation, request_hash, state, response, state = 'in_progress' and locked_until < now() as abandoned
     from idempotency where key = $1`,
    [key],
  );
  if (!row) throw busy(key);
  return row.abandoned && isSame(row, request) ? takeOver(sql, request) : read(row, request);
}

/**
 * Takes the lease of an operation in order to answer it in place of its caller: after `complete` every call under the key gets that
 * answer. Also of a key that never arrived, or was refused. False when it is answered already. Throws ABORTED while another owner works
 * on it, FAILED_PRECONDITION for a key of another operation (ID1).
 */
export async function seize(
  sql: Sql,
  { key, operation, lease }: Required<Pick<Claim, 'key' | 'operation' | 'lease'>>,
): Promise<boolean> {
  const seized = await sql.query(
    `insert into idempotency (key, operation, state, owner, locked_until)
     values ($1, $2, 'in_progress', $3::uuid, now() + $4::integer * interval '1 millisecond')
     on conflict (key) do update
       set state = 'in_progress', response = null, completed_at = null, owner = excluded.owner, locked_until = excluded.locked_until
       where idempotency.operation = excluded.operation
         and (idempotency.state = 'refused' or idempotency.state = 'in_progress' and idempotency.locked_until < now())
     returning key`,
    [key, operation, lease.owner, lease.durationMs],
  );
  if (seized.length > 0) return true;
  const [row] = await sql.query<Pick<Row, 'operation' | 'state'>>('select operation, state from idempotency where key = $1', [
    key,
  ]);
  if (row && row.operation !== operation) throw reused(key);
  if (!row || row.state === 'in_progress') throw busy(key);
  return false;
}

/** Takes over a claim whose lease has ended. Throws ABORTED when another caller was faster. */
async function takeOver(sql: Sql, { key, lease }: Claim): Promise<Claimed> {
  const [mine] = await sql.query<{ attempt: number }>(
    `update idempotency
     set owner = $2::uuid, locked_until = now() + $3::integer * interval '1 millisecond', attempt = attempt + 1
     where key = $1 and state = 'in_progress' and locked_until < now() returning attempt`,
    [key, lease?.owner ?? null, lease?.durationMs ?? null],
  );
  if (!mine) throw busy(key);
  return { state: 'mine', attempt: mine.attempt };
}

/** A record without a hash was seized before its call arrived: any request of the operation is the same. */
function isSame(row: Row, { operation, requestHash }: Claim): boolean {
  return row.operation === operation && (row.request_hash === null || row.request_hash.equals(requestHash));
}

function read(row: Row, request: Claim): Claimed {
  const { key } = request;
  if (row.state === 'tombstoned') throw undone(key);
  if (!isSame(row, request)) throw reused(key);
  if (row.state === 'in_progress' || !row.response) throw busy(key);
  if (row.state === 'refused') throw statusFrom(row.response);
  return { state: 'completed', response: row.response };
}

/** Stores the response. Throws ABORTED when the lease was lost meanwhile (ID3): the caller's transaction must roll back. */
export async function complete(sql: Sql, key: string, response: Uint8Array, owner: string | null = null): Promise<void> {
  await settle(sql, { key, owner, state: 'completed', response: Buffer.from(response) });
}

/** Stores a refusal: the same call is always refused in the same words. */
export async function refuse(sql: Sql, key: string, refusal: StatusError, owner: string | null = null): Promise<void> {
  await settle(sql, { key, owner, state: 'refused', response: statusBytes(refusal) });
}

async function settle(sql: Sql, record: { key: string; owner: string | null; state: string; response: Buffer }): Promise<void> {
  const settled = await sql.query(
    `update idempotency set state = $3, response = $4, locked_until = null, completed_at = now()
     where key = $1 and state = 'in_progress' and owner is not distinct from $2::uuid returning key`,
    [record.key, record.owner, record.state, record.response],
  );
  if (settled.length === 0) throw busy(record.key);
}

/** Extends the lease from now. Throws ABORTED when it was lost meanwhile (ID3): the caller's transaction must roll back. */
export async function renew(
  sql: Sql,
  key: string,
  lease: { readonly owner: string; readonly durationMs: number },
): Promise<void> {
  const renewed = await sql.query(
    `update idempotency set locked_until = now() + $3::integer * interval '1 millisecond'
     where key = $1 and owner = $2::uuid and state = 'in_progress' returning key`,
    [key, lease.owner, lease.durationMs],
  );
  if (renewed.length === 0) throw busy(key);
}

/**
 * Ends the lease of an unfinished claim now. The outcome is unknown, and the next attempt must find it out. Runs even if the call
 * was cancelled, which is one of the reasons to abandon a claim.
 */
export async function abandon(sql: Sql, key: string, owner: string): Promise<void> {
  await shielded(() =>
    sql.query(
      `update idempotency set locked_until = now() - interval '1 millisecond'
       where key = $1 and owner = $2::uuid and state = 'in_progress'`,
      [key, owner],
    ),
  );
}

/** Forbids the key from now on (ID4). Throws ABORTED while an owner works on its operation. */
export async function tombstone(sql: Sql, key: string, operation: string): Promise<void> {
  const written = await sql.query(
    `insert into idempotency (key, operation, state, completed_at) values ($1, $2, 'tombstoned', now())
     on conflict (key) do update set state = 'tombstoned', owner = null, locked_until = null, completed_at = now()
       where idempotency.state <> 'in_progress' or idempotency.locked_until < now()
     returning key`,
    [key, operation],
  );
  if (written.length === 0) throw busy(key);
}

function reused(key: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
    message: 'This idempotency key was used for another request',
    facts: { key },
  });
}

function undone(key: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
    message: 'This operation was undone before it arrived',
    facts: { key },
  });
}

function busy(key: string): StatusError {
  return new StatusError({
    code: 'ABORTED',
    reason: 'unavailable',
    message: 'This operation is at work elsewhere; try again',
    facts: { key },
    retryDelayMs: BUSY_RETRY_MS,
  });
}
