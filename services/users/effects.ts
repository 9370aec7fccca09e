import { decodePosition, encodePosition } from '../../platform/audit/position.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';

type Row = { sequence: string; kind: 'registered' | 'deactivated'; user_id: string; at_micros: string };

// Each branch is cut to a page by its own index before the two are merged.
const EFFECTS = `
with start as (
  select timestamptz 'epoch' + $1::bigint * interval '1 microsecond' as at
), effects as (
  (select registered_sequence as sequence, 'registered' as kind, id, created_at as at
   from users where (created_at, registered_sequence) > ((select at from start), $2::bigint)
   order by created_at, registered_sequence limit $3::integer)
  union all
  (select deactivated_sequence, 'deactivated', id, deactivated_at
   from users where not active and (deactivated_at, deactivated_sequence) > ((select at from start), $2::bigint)
   order by deactivated_at, deactivated_sequence limit $3::integer)
)
select sequence, kind, id as user_id, (extract(epoch from at) * 1000000)::bigint as at_micros
from effects order by at, sequence limit $3::integer`;

/**
 * Who came and who went, oldest first, by id alone. A time is that of a transaction's begin: one that commits while
 * somebody reads may appear before the end of what was read, so a reader who goes on later overlaps a little.
 */
export async function listEffects(
  sql: Sql,
  page: { readonly sinceMicros: number; readonly size: number; readonly cursor: string },
): Promise<{ readonly effects: Effect[]; readonly nextCursor: string }> {
  const start = { atMicros: String(page.sinceMicros), sequence: '0' };
  const after = page.cursor === '' ? start : decodePosition(page.cursor, 'page.cursor');
  const rows = await sql.query<Row>(EFFECTS, [after.atMicros, after.sequence, page.size + 1]);
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  const more = last !== undefined && rows.length > page.size;
  return {
    effects: shown.map(effect),
    nextCursor: more ? encodePosition({ atMicros: last.at_micros, sequence: last.sequence }) : '',
  };
}

function effect({ sequence, kind, user_id, at_micros }: Row): Effect {
  return {
    sequence: Number(sequence),
    kind,
    orderId: '',
    userId: user_id,
    reference: user_id,
    at: new Date(Number(at_micros) / 1_000),
  };
}
