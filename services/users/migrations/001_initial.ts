import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency/schema.ts';

/** Accounts and refresh tokens. The names of the unique constraints are known to the code. */
export class Initial extends Migration {
  override up(): void {
    this.addSql(IDEMPOTENCY_TABLE);
    this.addSql(USERS);
    this.addSql(REFRESH_TOKENS);
    this.addSql(REFRESH_TOKENS_BY_USER);
    this.addSql(ONE_LIVE_TOKEN_PER_FAMILY);
  }
}

const USERS = `
create table users (
  id uuid primary key,
  email text not null constraint users_email_unique unique
    check (email = lower(email) and char_length(email) between 3 and 254),
  password_hash text not null check (password_hash ~ '^\\$2[aby]\\$\\d\\d\\$.{53}$'),
  name text not null check (char_length(name) between 1 and 200),
  role text not null default 'customer' check (role in ('customer', 'operator', 'admin')),
  active boolean not null default true,
  address_line1 text,
  address_line2 text,
  address_city text,
  address_region text,
  address_postal_code text,
  address_country text check (address_country ~ '^[A-Z]{2}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_address_whole check (
    num_nulls(address_line1, address_line2, address_city, address_region, address_postal_code, address_country) in (0, 6)
  )
)`;

// A family is what one login started: rotation adds a token to it, and a token used twice revokes all of it.
const REFRESH_TOKENS = `
create table refresh_tokens (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  family_id uuid not null,
  user_id uuid not null references users (id) on delete cascade,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null check (expires_at > issued_at),
  rotated_at timestamptz,
  revoked_at timestamptz
)`;

const REFRESH_TOKENS_BY_USER = 'create index refresh_tokens_user on refresh_tokens (user_id, expires_at)';

const ONE_LIVE_TOKEN_PER_FAMILY = `
create unique index refresh_tokens_live on refresh_tokens (family_id) where rotated_at is null and revoked_at is null`;
