import type { SqlPool } from '../../platform/persistence/pool.ts';

/** Changes of the gateway's schema in the order in which they apply. Only ever appended to. */
const MIGRATIONS: readonly { readonly version: number; readonly sql: string }[] = [
  {
    version: 1,
    sql: `create table api_clients (
            id text primary key,
            name text not null,
            tier text not null check (tier in ('anonymous', 'free', 'professional', 'enterprise', 'internal')),
            key_hash bytea not null unique check (length(key_hash) = 32),
            key_prefix text not null,
            active boolean not null default true,
            created_at timestamptz not null default now()
          )`,
  },
];

// The advisory lock that lets one instance at a time migrate; any constant does, the database is the gateway's own.
const MIGRATION_LOCK = 7_230_902;

/** Brings the schema up to date, all or nothing; several instances may start at once. */
export async function migrate(pool: SqlPool): Promise<void> {
  await pool.transaction(async ({ sql }) => {
    await sql.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await sql.query(
      'create table if not exists schema_migrations (version integer primary key, applied_at timestamptz not null default now())',
    );
    const applied = await sql.query<{ version: number }>('select version from schema_migrations');
    const known = new Set(applied.map(({ version }) => version));
    for (const migration of MIGRATIONS) {
      if (known.has(migration.version)) continue;
      await sql.query(migration.sql);
      await sql.query('insert into schema_migrations (version) values ($1)', [migration.version]);
    }
  });
}
