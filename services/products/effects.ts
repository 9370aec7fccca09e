import { decodePosition, encodePosition } from '../../platform/audit/position.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';

type MovementKind = 'reserve' | 'release' | 'expire' | 'commit' | 'return';

const KIND: Readonly<Record<MovementKind, string>> = {
  reserve: 'reserved',
  release: 'released',
  expire: 'expired',
  commit: 'committed',
  return: 'returned',
};

type Row = { sequence: string; kind: MovementKind; order_id: string; return_id: string | null; at_micros: string };

// A movement is of one product, an effect of an order: the first movement of each kind stands for its statement's. The
// two conditions are spelled apart because each is answered by its own unique index.
const EFFECTS = `
select m.id as sequence, m.kind, m.order_id, m.return_id, (extract(epoch from m.created_at) * 1000000)::bigint as at_micros
from stock_movements m
where m.order_id is not null
  and (m.created_at, m.id) > (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::bigint)
  and case m.kind
    when 'reserve' then not exists (
      select from stock_movements e where e.order_id = m.order_id and e.kind = 'reserve' and e.id < m.id)
    when 'return' then not exists (
      select from stock_movements e where e.return_id = m.return_id and e.kind = 'return' and e.id < m.id)
    else not exists (
      select from stock_movements e
      where e.order_id = m.order_id and e.kind in ('release', 'expire', 'commit') and e.kind = m.kind and e.id < m.id)
  end
order by m.created_at, m.id
limit $3::integer`;

/**
 * What was done to orders, oldest first, read off the ledger. A time is that of a transaction's begin: one that commits
 * while somebody reads may appear before the end of what was read, so a reader who goes on later overlaps a little.
 * Confirming moves no stock and is no effect; the reference is the reservation's order id, or the return's own.
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

function effect(row: Row): Effect {
  return {
    sequence: Number(row.sequence),
    kind: KIND[row.kind],
    orderId: row.order_id,
    userId: '',
    reference: row.return_id ?? row.order_id,
    at: new Date(Number(row.at_micros) / 1_000),
  };
}
