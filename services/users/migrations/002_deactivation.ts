import { Migration } from '@mikro-orm/migrations';

/** When and why an account was deactivated, and the order in which accounts came and went. */
export class Deactivation extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  'create sequence user_effects',
  // By a name of its own: a default that says nextval is taken for a generated key by the entity mapper.
  `create function next_user_effect() returns bigint language sql volatile return nextval('user_effects')`,
  `alter table users
  add deactivated_at timestamptz,
  add deactivation_reason text not null default '' check (char_length(deactivation_reason) <= 200),
  add registered_sequence bigint not null default next_user_effect(),
  add deactivated_sequence bigint`,
  'alter sequence user_effects owned by users.registered_sequence',
  // Accounts that were deactivated before anybody wrote down when: their last change is the nearest that is known.
  `update users set deactivated_at = updated_at, deactivated_sequence = next_user_effect() where not active`,
  `alter table users add constraint users_deactivation check (
    active = (deactivated_at is null) and active = (deactivated_sequence is null)
  )`,
  // Whatever statement changes a user, the time says so, and a deactivation cannot go unnoticed.
  `create function user_changed() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  if old.active and not new.active then
    new.deactivated_at := now();
    new.deactivated_sequence := next_user_effect();
  end if;
  return new;
end $$`,
  'create trigger user_changed before update on users for each row execute function user_changed()',
  'create index users_registered on users (created_at, registered_sequence)',
  'create index users_deactivated on users (deactivated_at, deactivated_sequence) where not active',
  // A family is looked up whole: to rotate in it, and to revoke it.
  'create index refresh_tokens_family on refresh_tokens (family_id)',
];
