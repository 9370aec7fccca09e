import type { Sql } from '../../../platform/persistence/sql.ts';
import { LEDGER_LOCK } from './ledger.ts';

export type Charge = {
  readonly id: string;
  readonly status: 'authorized' | 'captured' | 'voided';
  readonly amount_minor: number;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly currency: string;
  readonly reference: string;
};

// Answer, charge and ledger in one statement, which is a transaction: shops wait for this one. The ledger's lock is taken before
// its ids are drawn and held until every entry is visible (PR3 of open.ts).
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

/** Stores the charge with its answer and its entries. False when the key has an answer already: then nothing is stored. */
export async function storeCharge(
  sql: Sql,
  charge: Charge,
  request: { readonly key: string; readonly fingerprint: string; readonly answer: string },
): Promise<boolean> {
  const { id, reference, currency, amount_minor, captured_minor } = charge;
  const entries = charge.status === 'captured' ? ['charge', 'capture'] : ['charge'];
  const stored = await sql.query(CHARGE, [
    ...[request.key, request.fingerprint, request.answer, id, reference, currency, amount_minor, captured_minor],
    entries,
    LEDGER_LOCK,
  ]);
  return stored.length > 0;
}

export async function findByKey(sql: Sql, key: string): Promise<Charge | null> {
  const [row] = await sql.query<ChargeRow>('select * from charges where key = $1', [key]);
  return row ? chargeOf(row) : null;
}

/** Locks the charge until the transaction ends. */
export async function lockCharge(sql: Sql, id: string): Promise<Charge | null> {
  const [row] = await sql.query<ChargeRow>('select * from charges where id = $1 for update', [id]);
  return row ? chargeOf(row) : null;
}

/** False when there is no such charge, or more would go back than was captured. */
export async function addRefund(sql: Sql, id: string, amountMinor: number): Promise<boolean> {
  const given = await sql.query(
    `update charges set refunded_minor = refunded_minor + $2
     where id = $1 and refunded_minor + $2 <= captured_minor returning id`,
    [id, amountMinor],
  );
  return given.length > 0;
}

export async function markCaptured(sql: Sql, id: string): Promise<void> {
  await sql.query('update charges set captured_minor = amount_minor where id = $1', [id]);
}

export async function markVoided(sql: Sql, id: string): Promise<void> {
  await sql.query('update charges set voided = true where id = $1', [id]);
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
