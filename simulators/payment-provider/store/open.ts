/**
 * The provider's database.
 *
 * PR1 One key, one answer: the answer is stored with the effect, in one transaction.
 * PR2 0 <= refunded <= captured <= amount, by constraint.
 * PR3 The ledger is append-only, and its ids become visible in their order: a reader that pages by id misses nothing.
 * PR4 A cancelled key never charges or refunds.
 * PR5 An event is stored with the change that it reports, and stays until it is delivered.
 */
import { openPool, type SqlPool } from '../../../platform/persistence/pool.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';

// Connections; the simulator serves one shop.
const POOL_MAX = 10;
// The advisory lock under which one instance at a time migrates.
const MIGRATION_LOCK = 1;

/** Applied in order, each once. */
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
     disputed boolean not null default false,
     brand text not null,
     last_four text not null,
     created_at timestamptz not null default now(),
     check (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor),
     check (not voided or captured_minor = 0)
   );
   create table ledger (
     id bigint generated always as identity primary key,
     kind text not null check (kind in ('charge', 'capture', 'void', 'refund')),
     charge_id text not null references charges (id),
     refund_id text unique,
     -- Null: a refund of the back office.
     refund_key text,
     amount_minor bigint not null check (amount_minor > 0),
     currency text not null,
     reference text not null,
     at timestamptz not null default now()
   );
   create index ledger_refunds on ledger (charge_id) where kind = 'refund';
   create table events (
     id text primary key,
     type text not null,
     charge_id text not null references charges (id),
     created_at timestamptz not null default now(),
     attempts integer not null default 0,
     next_attempt_at timestamptz not null default now()
   );
   create index events_next_attempt_at_index on events (next_attempt_at);
   create function ledger_append_only() returns trigger language plpgsql as $$
     begin raise exception 'the ledger is append-only'; end $$;
   create trigger ledger_append_only before update or delete on ledger for each row execute function ledger_append_only();`,
];

export type Store = SqlPool;

/** Connects and brings the schema up to date; several instances may start together. */
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
