import { decodePosition, encodePosition } from '../../platform/audit/position.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import type { OrderStatus } from './entity.ts';

/** One status change of one order: the history is the only book that is kept. */
export type Effect = {
  readonly sequence: string;
  readonly kind: OrderStatus;
  readonly orderId: string;
  readonly userId: string;
  /** Empty before it is paid. */
  readonly paymentId: string;
  /** Null for an order that was never priced. */
  readonly totalMinor: string | null;
  readonly currency: string | null;
  readonly atMicros: string;
  readonly at: Date;
};

export type EffectsPage = { readonly since?: Date | undefined; readonly pageSize: number; readonly cursor: string };

/**
 * One page, oldest first. An empty cursor begins the list; an empty next cursor ends it. A change has the time at which its
 * transaction began and is seen when that has ended: who comes back for more begins a little before the last time seen.
 */
export async function listEffects(
  sql: Sql,
  { since, pageSize, cursor }: EffectsPage,
): Promise<{ effects: Effect[]; nextCursor: string }> {
  const after = cursor === '' ? undefined : decodePosition(cursor, 'page.cursor');
  const rows = await sql.query<Omit<Effect, 'at'>>(
    `select history.sequence, history.status as kind, history.order_id as "orderId", orders.user_id as "userId",
       case when history.status in ('PAID', 'SHIPPED', 'DELIVERED', 'RETURNED') then orders.payment_id::text else '' end
         as "paymentId",
       orders.total_minor as "totalMinor", orders.currency, (extract(epoch from history.at) * 1000000)::bigint as "atMicros"
     from order_history history join orders on orders.id = history.order_id
     where history.at >= coalesce($1::timestamptz, '-infinity')
       and (history.at, history.sequence) >
         (coalesce('epoch'::timestamptz + $2::bigint * interval '1 microsecond', '-infinity'), coalesce($3::bigint, 0))
     order by history.at, history.sequence limit $4`,
    // One more than asked for tells whether there is a next page.
    [since ?? null, after?.atMicros ?? null, after?.sequence ?? null, pageSize + 1],
  );
  const effects = rows.slice(0, pageSize).map((row) => ({ ...row, at: new Date(Number(row.atMicros) / 1_000) }));
  const last = effects.at(-1);
  return { effects, nextCursor: last && rows.length > pageSize ? encodePosition(last) : '' };
}
