import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../../platform/idempotency/schema.ts';
import { OUTBOX_INDEX, OUTBOX_TABLE } from '../../../../platform/outbox/schema.ts';

/** Accounts, refresh tokens and the events of accounts. The names of the unique constraints are known to the code. */
export class Initial extends Migration {
  override up(): void {
    for (const statement of [IDEMPOTENCY_TABLE, USERS, ...REFRESH_TOKENS, OUTBOX_TABLE, OUTBOX_INDEX, ...OUTBOX]) {
      this.addSql(statement);
    }
  }
}

const USERS = `
create table users (
  id uuid primary key,
  email text not null constraint users_email_unique unique
    check (email = lower(email) and char_length(email) between 3 and 254),
  password_hash text not null check (password_hash ~ '^\\$2[aby]\\$\\d\\d\\$.{53}$'),
  name text not null check (char_length(name) between 1 and 200),
  role text not null check (role in ('customer', 'operator', 'admin')),
  active boolean not null default true,
  address_line1 text,
  address_line2 text,
  address_city text,
  address_region text,
  address_postal_code text,
  address_country text check (address_country ~ '^[A-Z]{2}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deactivated_at timestamptz,
  deactivation_reason text not null default '' check (char_length(deactivation_reason) <= 200),
  constraint users_address_whole check (
    num_nulls(address_line1, address_line2, address_city, address_region, address_postal_code, address_country) in (0, 6)
  ),
  constraint users_deactivation check (active = (deactivated_at is null))
)`;

const REFRESH_TOKENS = [
  `create table refresh_tokens (
  token_hash text primary key check (token_hash ~ '^[0-9a-f]{64}$'),
  family_id uuid not null,
  user_id uuid not null references users (id) on delete cascade,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null check (expires_at > issued_at),
  rotated_at timestamptz,
  revoked_at timestamptz
)`,
  'create index refresh_tokens_user on refresh_tokens (user_id, expires_at)',
  'create index refresh_tokens_family on refresh_tokens (family_id)',
  `create unique index refresh_tokens_live on refresh_tokens (family_id) where rotated_at is null and revoked_at is null`,
];

const OUTBOX = [
  // The outbox is read by time as well (store/effects.ts). Rows come in that order, so the index grows at its end.
  'create index outbox_effects on outbox (at, position)',
  'create index outbox_of_user on outbox (user_id)',
  `create function outbox_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'events are never changed' using errcode = 'restrict_violation';
end $$`,
  `create trigger outbox_append_only
   before update of position, id, type, version, order_id, user_id, at, amount_minor, currency, facts or delete or truncate on outbox
   for each statement execute function outbox_append_only()`,
];
