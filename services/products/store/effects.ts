import type { LogPosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { StockEffect } from '../domain/stock.ts';

// A movement is of one product, an effect of an order: the first movement of each kind stands for its statement's. The
// two conditions are spelled apart because each is answered by its own unique index.
const EFFECTS = `
select m.id as sequence, m.kind, m.order_id as "orderId", m.return_id as "returnId",
  (extract(epoch from m.created_at) * 1000000)::bigint as "atMicros"
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
 * What was done to orders, oldest first, read off the ledger. A time is that of a transaction's begin: one that commits while
 * somebody reads may appear before the end of what was read, so a reader that continues later overlaps a little. Confirming moves
 * no stock and is no effect.
 */
export function listEffects(sql: Sql, after: LogPosition, limit: number): Promise<StockEffect[]> {
  return sql.query<StockEffect>(EFFECTS, [after.atMicros, after.sequence, limit]);
}
