import type { Sql } from '../../../platform/persistence/sql.ts';
import type { MethodDescription } from '../tokens.ts';
import { LEDGER_LOCK, readRefunds } from './ledger.ts';

export type ChargeRefund = { readonly id: string; readonly amount_minor: number; readonly idempotency_key: string | null };

export type Charge = {
  readonly id: string;
  readonly idempotency_key: string;
  readonly status: 'authorized' | 'captured' | 'voided';
  readonly amount_minor: number;
  readonly captured_minor: number;
  readonly refunded_minor: number;
  readonly currency: string;
  readonly reference: string;
  readonly payment_method: MethodDescription;
  readonly disputed: boolean;
  /** Oldest first; absent where nobody asked for them. */
  readonly refunds?: readonly ChargeRefund[];
};

// Answer, charge and ledger in one statement, which is a transaction: shops wait for this one. The ledger's lock is taken before
// its ids are drawn and held until every entry is visible (PR3 of open.ts).
const CHARGE = `
with first as (
  insert into requests (key, fingerprint, status, answer) values ($1, $2, 201, $3) on conflict (key) do nothing returning key
), charged as (
  insert into charges (id, key, reference, currency, amount_minor, captured_minor, brand, last_four)
  select $4, key, $5, $6, $7::bigint, $8::bigint, $11, $12 from first returning id
), locked as materialized (
  select id, pg_advisory_xact_lock($10::integer) from charged
), entered as (
  insert into ledger (kind, charge_id, amount_minor, currency, reference)
  select entry.kind, locked.id, $7::bigint, $6, $5
  from locked, unnest($9::text[]) with ordinality as entry (kind, position) order by entry.position
), reported as (
  insert into events (id, type, charge_id) select $13, 'charge.captured', id from charged where $13::text is not null
)
select key from first`;

/** Stores the charge with its answer and its entries. False when the key has an answer already: then nothing is stored. */
export async function storeCharge(
  sql: Sql,
  charge: Charge,
  request: {
    readonly key: string;
    readonly fingerprint: string;
    readonly answer: string;
    /** Of the event that reports the charge; null: its answer does. */
    readonly eventId: string | null;
  },
): Promise<boolean> {
  const { id, reference, currency, amount_minor, captured_minor, payment_method: method } = charge;
  const entries = charge.status === 'captured' ? ['charge', 'capture'] : ['charge'];
  const stored = await sql.query(CHARGE, [
    ...[request.key, request.fingerprint, request.answer, id, reference, currency, amount_minor, captured_minor],
    entries,
    LEDGER_LOCK,
    ...[method.brand, method.last_four, request.eventId],
  ]);
  return stored.length > 0;
}

/** A charge with its refunds; `by` is one of its unique columns. */
async function find(sql: Sql, by: 'id' | 'key', value: string): Promise<Charge | null> {
  const [row] = await sql.query<ChargeRow>(`select * from charges where ${by} = $1`, [value]);
  return row ? { ...chargeOf(row), refunds: await readRefunds(sql, row.id) } : null;
}

export function findByKey(sql: Sql, key: string): Promise<Charge | null> {
  return find(sql, 'key', key);
}

export function findById(sql: Sql, id: string): Promise<Charge | null> {
  return find(sql, 'id', id);
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

export async function markDisputed(sql: Sql, id: string): Promise<void> {
  await sql.query('update charges set disputed = true where id = $1', [id]);
}

export async function markVoided(sql: Sql, id: string): Promise<void> {
  await sql.query('update charges set voided = true where id = $1', [id]);
}

type ChargeRow = {
  id: string;
  key: string;
  reference: string;
  currency: string;
  amount_minor: string;
  captured_minor: string;
  refunded_minor: string;
  voided: boolean;
  disputed: boolean;
  brand: string;
  last_four: string;
};

function chargeOf(row: ChargeRow): Charge {
  const captured = Number(row.captured_minor);
  return {
    id: row.id,
    idempotency_key: row.key,
    status: row.voided ? 'voided' : captured > 0 ? 'captured' : 'authorized',
    amount_minor: Number(row.amount_minor),
    captured_minor: captured,
    refunded_minor: Number(row.refunded_minor),
    currency: row.currency,
    reference: row.reference,
    payment_method: { brand: row.brand, last_four: row.last_four },
    disputed: row.disputed,
  };
}
