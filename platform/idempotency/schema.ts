/**
 * The table behind every mutating operation; each service has its own, in the database that the effect is in.
 * `request_hash` is null for a record that came before its call: a tombstone, or an answer given in its place; `owner` and `locked_until` are null unless an
 * operation spans transactions.
 */
export const IDEMPOTENCY_TABLE = `
create table idempotency (
  key text primary key,
  operation text not null,
  request_hash bytea,
  state text not null check (state in ('in_progress', 'completed', 'refused', 'tombstoned')),
  owner uuid,
  attempt integer not null default 1,
  locked_until timestamptz,
  response bytea,
  created_at timestamptz not null default now(),
  completed_at timestamptz
)`;
