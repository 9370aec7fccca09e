import { decodePosition, encodePosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';

/** An accepted event as an effect of this service. */
export type Effect = {
  /** The event's position in the log. */
  readonly sequence: string;
  readonly kind: string;
  readonly orderId: string | null;
  readonly userId: string;
  readonly eventId: string;
  readonly amountMinor: string | null;
  readonly currency: string | null;
  readonly atMicros: string;
};

export type EffectsPage = { readonly since: Date; readonly size: number; readonly cursor: string };

const EFFECTS = `
select position as sequence, type as kind, order_id as "orderId", user_id as "userId", id as "eventId",
  amount_minor as "amountMinor", currency, (extract(epoch from accepted_at) * 1000000)::bigint as "atMicros"
from events
where (accepted_at, position) > ('epoch'::timestamptz + $1::bigint * interval '1 microsecond', $2::bigint)
order by accepted_at, position limit $3`;

/** One page, oldest first. An empty cursor begins the list; an empty next cursor ends it. */
export async function listEffects(
  sql: Sql,
  { since, size, cursor }: EffectsPage,
): Promise<{ readonly effects: Effect[]; readonly nextCursor: string }> {
  const start = { atMicros: String(since.getTime() * 1_000), sequence: '0' };
  const after = cursor === '' ? start : decodePosition(cursor, 'page.cursor');
  // One more than asked for says whether there is a next page.
  const rows = await sql.query<Effect>(EFFECTS, [after.atMicros, after.sequence, size + 1]);
  const effects = rows.slice(0, size);
  const last = effects.at(-1);
  return { effects, nextCursor: last && rows.length > size ? encodePosition(last) : '' };
}
