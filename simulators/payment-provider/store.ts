/**
 * What the provider remembers.
 *
 * PR1 One key, one answer: the answer is stored with the effect, in one transaction.
 * PR2 0 <= refunded <= captured <= amount, by constraint.
 * PR3 The ledger is append-only, and its ids become visible in their order: a reader that pages by id misses nothing.
 * PR4 A cancelled key never charges.
 */
import { openPool, type SqlPool } from '../../platform/persistence/pool.ts';
import type { Sql } from '../../platform/persistence/sql.ts';

// Connections; the simulator serves one shop.
const POOL_MAX = 10;
// Advisory locks of this database: one instance migrates at a time, and one transaction at a time appends (PR3).
const MIGRATION_LOCK = 1;
export const LEDGER_LOCK = 2;

/** Applied in order, each once; never edited after it has been released. */
const MIGRATIONS = [
  `create table requests (
     key text primary key,
     -- Null: the key was cancelled before its request came.
     fingerprint text,
     status integer not null,
     answer text not null,
     created_at timestamptz not null default now()
   );
   create table charges (
     id text primary key,
     key text not null unique references requests (key),
     reference text not null,
     currency text not null,
     amount_minor bigint not null check (amount_minor > 0),
     captured_minor bigint not null,
     refunded_minor bigint not null default 0,
     voided boolean not null default false,
     created_at timestamptz not null default now(),
     check (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor),
     check (not voided or captured_minor = 0)
   );
   create table ledger (
     id bigint generated always as identity primary key,
     kind text not null check (kind in ('charge', 'capture', 'void', 'refund')),
     charge_id text not null references charges (id),
     refund_id text unique,
     amount_minor bigint not null check (amount_minor > 0),
     currency text not null,
     reference text not null,
     at timestamptz not null default now()
   );
   create function refuse_change() returns trigger language plpgsql as $$
     begin raise exception 'the ledger is append-only'; end $$;
   create trigger append_only before update or delete on ledger for each row execute function refuse_change();`,
];

export type Store = SqlPool;

/** Connects and brings the schema up to date; several instances may start at once. */
export async function openStore(options: { readonly url: string; readonly onError: (error: Error) => void }): Promise<Store> {
  const pool = openPool({ ...options, max: POOL_MAX });
  try {
    await pool.transaction(migrate);
  } catch (error: unknown) {
    await pool.close();
    throw error;
  }
  return pool;
}

async function migrate({ sql }: { readonly sql: Sql }): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  await sql.query(
    'create table if not exists schema_migrations (version integer primary key, at timestamptz not null default now())',
  );
  const [applied] = await sql.query<{ version: number }>('select coalesce(max(version), 0) as version from schema_migrations');
  for (const [index, migration] of MIGRATIONS.entries()) {
    const version = index + 1;
    if (version <= (applied?.version ?? 0)) continue;
    await sql.query(migration);
    await sql.query('insert into schema_migrations (version) values ($1)', [version]);
  }
}

/** A charge authorises, a capture takes the money, a void lets an authorisation go, a refund gives money back. */
export type EntryKind = 'charge' | 'capture' | 'void' | 'refund';

/** The last statement of its transaction, so that the lock which upholds PR3 is held for a moment only. */
export async function appendEntries(
  sql: Sql,
  entries: {
    readonly kinds: readonly EntryKind[];
    readonly chargeId: string;
    readonly refundId?: string;
    readonly amountMinor: number;
  },
): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [LEDGER_LOCK]);
  await sql.query(
    `insert into ledger (kind, charge_id, refund_id, amount_minor, currency, reference)
     select entry.kind, charges.id, $3, $4, charges.currency, charges.reference
     from charges, unnest($1::text[]) with ordinality as entry (kind, position)
     where charges.id = $2 order by entry.position`,
    [entries.kinds, entries.chargeId, entries.refundId ?? null, entries.amountMinor],
  );
}

export type LedgerRow = {
  readonly id: number;
  readonly kind: EntryKind;
  readonly charge_id: string;
  readonly refund_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly reference: string;
  readonly at: string;
};

/** Entries after the one with id `since`, oldest first. */
export async function readLedger(sql: Sql, page: { readonly since: number; readonly limit: number }): Promise<LedgerRow[]> {
  type Raw = Omit<LedgerRow, 'id' | 'amount_minor' | 'at'> & {
    id: string;
    amount_minor: string;
    at: Date;
  };
  const rows = await sql.query<Raw>(
    `select id, kind, charge_id, refund_id, amount_minor, currency, reference, at
     from ledger where id > $1 order by id limit $2`,
    [page.since, page.limit],
  );
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    amount_minor: Number(row.amount_minor),
    at: row.at.toISOString(),
  }));
}
