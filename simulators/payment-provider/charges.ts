import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { Sql } from '../../platform/persistence/sql.ts';
import { ApiError } from './api-error.ts';
import { appendEntries, LEDGER_LOCK, type Store } from './store.ts';
import { behaviourOf, REFUSAL_MESSAGES, type RefusalCode } from './tokens.ts';

export type Charge = {
  readonly id: string;
  readonly status: 'authorized' | 'captured' | 'voided';
  readonly amount_minor: number;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly currency: string;
  readonly reference: string;
};

export type ChargeRequest = {
  readonly amount_minor: number;
  readonly currency: string;
  readonly token: string;
  readonly reference: string;
  readonly capture: boolean;
};

/** An answer as it was given first; `body` is JSON. `fresh` tells a first answer from a repeated one. */
export type Answer = { readonly status: number; readonly body: string; readonly fresh: boolean };

/** Charges once per key, or refuses once per key. Throws ApiError 409 for a key used otherwise, 503 during an outage. */
export async function createCharge(store: Store, key: string, request: ChargeRequest): Promise<Answer> {
  const behaviour = behaviourOf(request.token);
  if (behaviour.kind === 'outage') throw new ApiError(503, 'unavailable', 'The provider is down');
  const fingerprint = fingerprintOf('charge', [
    request.amount_minor,
    request.currency,
    request.token,
    request.reference,
    request.capture,
  ]);
  if (behaviour.kind === 'refuse') {
    const answer = { status: 402, body: JSON.stringify(refusal(behaviour.code)) };
    return answerOnce(store, { key, fingerprint, ...answer }, async () => {});
  }
  const charge: Charge = {
    id: `ch_${uuid()}`,
    status: request.capture ? 'captured' : 'authorized',
    amount_minor: request.amount_minor,
    captured_minor: request.capture ? request.amount_minor : 0,
    refunded_minor: 0,
    currency: request.currency,
    reference: request.reference,
  };
  const body = JSON.stringify(charge);
  const charged = await store.query(CHARGE, [
    ...[key, fingerprint, body, charge.id, charge.reference, charge.currency, charge.amount_minor, charge.captured_minor],
    request.capture ? ['charge', 'capture'] : ['charge'],
    LEDGER_LOCK,
  ]);
  return charged.length > 0 ? { status: 201, body, fresh: true } : firstAnswer(store, { key, fingerprint });
}

// Answer, charge and ledger in one statement, which is a transaction: shops wait for this one. The ledger's lock is taken before
// its ids are drawn and held until all of it is seen (PR3).
const CHARGE = `
with first as (
  insert into requests (key, fingerprint, status, answer) values ($1, $2, 201, $3) on conflict (key) do nothing returning key
), charged as (
  insert into charges (id, key, reference, currency, amount_minor, captured_minor)
  select $4, key, $5, $6, $7::bigint, $8::bigint from first returning id
), locked as materialized (
  select id, pg_advisory_xact_lock($10::integer) from charged
), entered as (
  insert into ledger (kind, charge_id, amount_minor, currency, reference)
  select entry.kind, locked.id, $7::bigint, $6, $5
  from locked, unnest($9::text[]) with ordinality as entry (kind, position) order by entry.position
)
select key from first`;

/** Gives money back once per key. Throws ApiError 404, 409, and 422 when more than what was captured would go back. */
export async function createRefund(
  store: Store,
  key: string,
  request: { readonly charge_id: string; readonly amount_minor: number },
): Promise<Answer> {
  const refund = { id: `re_${uuid()}`, charge_id: request.charge_id, amount_minor: request.amount_minor };
  const fingerprint = fingerprintOf('refund', [request.charge_id, request.amount_minor]);
  return store.transaction(({ sql }) =>
    answerOnce(sql, { key, fingerprint, status: 201, body: JSON.stringify(refund) }, async () => {
      const given = await sql.query(
        `update charges set refunded_minor = refunded_minor + $2
         where id = $1 and refunded_minor + $2 <= captured_minor returning id`,
        [request.charge_id, request.amount_minor],
      );
      if (given.length === 0) {
        await findCharge(sql, request.charge_id);
        throw new ApiError(422, 'refund_exceeds_capture', 'More would be refunded than was captured');
      }
      await appendEntries(sql, {
        kinds: ['refund'],
        chargeId: request.charge_id,
        refundId: refund.id,
        amountMinor: request.amount_minor,
      });
    }),
  );
}

/** Takes what was authorised. Repeating it changes nothing. */
export function captureCharge(store: Store, id: string): Promise<Charge> {
  return store.transaction(async ({ sql }) => {
    const charge = await findCharge(sql, id);
    if (charge.status === 'captured') return charge;
    if (charge.status === 'voided') throw new ApiError(409, 'voided', 'The charge was voided');
    await sql.query('update charges set captured_minor = amount_minor where id = $1', [id]);
    await appendEntries(sql, { kinds: ['capture'], chargeId: id, amountMinor: charge.amount_minor });
    return { ...charge, status: 'captured', captured_minor: charge.amount_minor };
  });
}

/** Lets an authorisation go. Repeating it changes nothing. */
export function voidCharge(store: Store, id: string): Promise<Charge> {
  return store.transaction(async ({ sql }) => {
    const charge = await findCharge(sql, id);
    if (charge.status === 'voided') return charge;
    if (charge.status === 'captured') throw new ApiError(409, 'captured', 'The charge was captured: refund it');
    await sql.query('update charges set voided = true where id = $1', [id]);
    await appendEntries(sql, { kinds: ['void'], chargeId: id, amountMinor: charge.amount_minor });
    return { ...charge, status: 'voided' };
  });
}

/** Forbids the key (PR4). Returns the charge that was faster, for the caller to refund. */
export function cancelKey(store: Store, key: string): Promise<Charge | null> {
  return store.transaction(async ({ sql }) => {
    const body = JSON.stringify(refusal('cancelled'));
    await sql.query(
      `insert into requests (key, fingerprint, status, answer) values ($1, null, 402, $2) on conflict (key) do nothing`,
      [key, body],
    );
    return findByKey(sql, key);
  });
}

export async function findByKey(sql: Sql, key: string): Promise<Charge | null> {
  const [row] = await sql.query<ChargeRow>('select * from charges where key = $1', [key]);
  return row ? chargeOf(row) : null;
}

/** Locks the charge until the transaction ends. */
async function findCharge(sql: Sql, id: string): Promise<Charge> {
  const [row] = await sql.query<ChargeRow>('select * from charges where id = $1 for update', [id]);
  if (!row) throw new ApiError(404, 'not_found', 'No such charge');
  return chargeOf(row);
}

type ChargeRow = {
  id: string;
  reference: string;
  currency: string;
  amount_minor: string;
  captured_minor: string;
  refunded_minor: string;
  voided: boolean;
};

function chargeOf(row: ChargeRow): Charge {
  const captured = Number(row.captured_minor);
  return {
    id: row.id,
    status: row.voided ? 'voided' : captured > 0 ? 'captured' : 'authorized',
    amount_minor: Number(row.amount_minor),
    captured_minor: captured,
    refunded_minor: Number(row.refunded_minor),
    currency: row.currency,
    reference: row.reference,
  };
}

/** Stores the answer and runs its effect, or gives the answer that the key already has (PR1). */
async function answerOnce(
  sql: Sql,
  request: { key: string; fingerprint: string; status: number; body: string },
  effect: () => Promise<void>,
): Promise<Answer> {
  const first = await sql.query(
    `insert into requests (key, fingerprint, status, answer) values ($1, $2, $3, $4) on conflict (key) do nothing returning key`,
    [request.key, request.fingerprint, request.status, request.body],
  );
  if (first.length > 0) {
    await effect();
    return { status: request.status, body: request.body, fresh: true };
  }
  return firstAnswer(sql, request);
}

/** The answer that the key has. */
async function firstAnswer(sql: Sql, request: { readonly key: string; readonly fingerprint: string }): Promise<Answer> {
  const [stored] = await sql.query<{ fingerprint: string | null; status: number; answer: string }>(
    'select fingerprint, status, answer from requests where key = $1',
    [request.key],
  );
  if (!stored || (stored.fingerprint !== null && stored.fingerprint !== request.fingerprint)) {
    throw new ApiError(409, 'key_reused', 'The key was used for another request');
  }
  return { status: stored.status, body: stored.answer, fresh: false };
}

/** What makes two requests the same; hashed, because a token is not stored in clear. */
function fingerprintOf(operation: string, fields: readonly (string | number | boolean)[]): string {
  return createHash('sha256')
    .update(JSON.stringify([operation, ...fields]))
    .digest('hex');
}

function refusal(code: RefusalCode) {
  return { error: { code, message: REFUSAL_MESSAGES[code] } };
}
