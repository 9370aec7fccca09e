import type { LogPosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { UserEffect } from '../domain/user-effect.ts';

const EFFECTS = `
select position as sequence, type, user_id as "userId", (extract(epoch from at) * 1000000)::bigint as "atMicros"
from outbox
where (at, position) > (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::bigint)
order by at, position
limit $3::integer`;

/**
 * The registrations and deactivations, oldest first, read off the outbox. An event that commits while somebody reads may appear before
 * the end of what was read, so a reader that continues later overlaps a little.
 */
export function listEffects(sql: Sql, after: LogPosition, limit: number): Promise<UserEffect[]> {
  return sql.query<UserEffect>(EFFECTS, [after.atMicros, after.sequence, limit]);
}
