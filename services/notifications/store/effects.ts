import type { LogPosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';

/** An accepted event as an effect of this service. */
export type Effect = LogPosition & {
  readonly kind: string;
  readonly orderId: string | null;
  readonly userId: string;
  readonly eventId: string;
  readonly amountMinor: string | null;
  readonly currency: string | null;
};

const EFFECTS = `
select position as sequence, type as kind, order_id as "orderId", user_id as "userId", id as "eventId",
  amount_minor as "amountMinor", currency, (extract(epoch from accepted_at) * 1000000)::bigint as "atMicros"
from events
where (accepted_at, position) > ('epoch'::timestamptz + $1::bigint * interval '1 microsecond', $2::bigint)
order by accepted_at, position limit $3::integer`;

/** The accepted events, oldest first; `sequence` is the position in the log. */
export function listEffects(sql: Sql, after: LogPosition, limit: number): Promise<Effect[]> {
  return sql.query<Effect>(EFFECTS, [after.atMicros, after.sequence, limit]);
}
