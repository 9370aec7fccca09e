import type { Rule } from '../../../platform/audit/evaluate.ts';
import type { UserEventType } from '../domain/user.ts';

// A token is live until it is retired, revoked or past its time.
const LIVE = 'rotated_at is null and revoked_at is null and expires_at > now()';

/** Each of these transitions has its event, once and of its time, and each event its transition. Times of events are in milliseconds. */
function emitted(type: UserEventType, transitions: string): string {
  return `select coalesce(t.id, e.user_id)::text as id,
      t.id is null or count(e.id) <> 1 or min(e.at) is distinct from t.at::timestamptz(3) as wrong
    from (${transitions}) t full join (select id, user_id, at from outbox where type = '${type}') e on e.user_id = t.id
    group by t.id, t.at, e.user_id`;
}

/** The invariants of accounts and tokens. Examples are ids of users and of token families, never an address or a hash. */
export const RULES: readonly Rule[] = [
  {
    name: 'emails_unique',
    rows: 'select id::text, count(*) over (partition by lower(email)) > 1 as wrong from users',
  },
  {
    // Two spellings of one address would be two accounts.
    name: 'emails_in_lower_case',
    rows: 'select id::text, email <> lower(email) as wrong from users',
  },
  {
    name: 'passwords_hashed',
    rows: `select id::text, password_hash !~ '^\\$2[aby]\\$\\d\\d\\$.{53}$' as wrong from users`,
  },
  {
    name: 'deactivations_recorded',
    rows: 'select id::text, active <> (deactivated_at is null) as wrong from users',
  },
  {
    name: 'registrations_emitted',
    rows: emitted('user.registered', 'select id, created_at as at from users'),
  },
  {
    name: 'deactivations_emitted',
    rows: emitted('user.deactivated', 'select id, deactivated_at as at from users where not active'),
  },
  {
    // Events leave the service: they hold no personal data.
    name: 'events_hold_ids_only',
    rows: `select id::text, facts <> '{}' or order_id is not null or amount_minor is not null as wrong from outbox`,
  },
  {
    name: 'live_tokens_of_active_users',
    rows: `select family_id::text as id, u.active is distinct from true as wrong
      from refresh_tokens left join users u on u.id = user_id where ${LIVE}`,
  },
  {
    name: 'one_live_token_per_family',
    rows: `select family_id::text as id, count(*) filter (where ${LIVE}) > 1 as wrong from refresh_tokens group by family_id`,
  },
  {
    name: 'families_of_one_user',
    rows: 'select family_id::text as id, count(distinct user_id) > 1 as wrong from refresh_tokens group by family_id',
  },
  {
    // A family is revoked whole, or a thief keeps what is left of it.
    name: 'families_revoked_whole',
    rows: `select family_id::text as id, bool_or(revoked_at is null) as wrong
      from refresh_tokens group by family_id having bool_or(revoked_at is not null)`,
  },
  {
    // A token is retired by its successor, in one transaction; the successor outlives it.
    name: 'retired_tokens_have_successors',
    rows: `select t.family_id::text as id, not exists (
        select from refresh_tokens s where s.family_id = t.family_id and s.issued_at = t.rotated_at) as wrong
      from refresh_tokens t where t.rotated_at is not null`,
  },
];
