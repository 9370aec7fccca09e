import { decodePosition, encodePosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { OrderStatus } from '../domain/order-status.ts';

/** One status change of an order, as its history tells it, or a step of a return. */
export type Effect = {
  readonly sequence: string;
  readonly kind: OrderStatus | 'return_requested' | 'return_completed';
  readonly orderId: string;
  readonly userId: string;
  /** Of a status change: the payment, empty before it is paid. Of a return: its id. */
  readonly reference: string;
  /** Of a status change: the total, null for an order that was never priced. Of a return: what it is worth. */
  readonly amountMinor: string | null;
  readonly currency: string | null;
  readonly atMicros: string;
  readonly at: Date;
};

export type EffectsPage = { readonly since?: Date | undefined; readonly pageSize: number; readonly cursor: string };

/** A page of one of the lists that make up the effects, by its own index. */
const pageBy = (at: string, sequence: string) => `
  where ${at} >= coalesce($1::timestamptz, '-infinity')
    and (${at}, ${sequence}) >
      (coalesce('epoch'::timestamptz + $2::bigint * interval '1 microsecond', '-infinity'), coalesce($3::bigint, 0))
  order by ${at}, ${sequence} limit $4`;

const CHANGES = `
  select history.sequence, history.status as kind, history.order_id, orders.user_id,
    case when history.status in ('PAID', 'SHIPPED', 'DELIVERED', 'RETURNED') then orders.payment_id::text else '' end as reference,
    orders.total_minor as amount_minor, orders.currency, history.at
  from order_history history join orders on orders.id = history.order_id ${pageBy('history.at', 'history.sequence')}`;

const returnsThatWere = (step: 'requested' | 'completed') => `
  select back.${step}_sequence, 'return_${step}', back.order_id, orders.user_id, back.id::text, back.refund_minor,
    orders.currency, back.${step}_at
  from returns back join orders on orders.id = back.order_id ${pageBy(`back.${step}_at`, `back.${step}_sequence`)}`;

const EFFECTS = `
select sequence, kind, order_id as "orderId", user_id as "userId", reference, amount_minor as "amountMinor", currency,
  (extract(epoch from at) * 1000000)::bigint as "atMicros"
from ((${CHANGES}) union all (${returnsThatWere('requested')}) union all (${returnsThatWere('completed')})) as effects
order by at, sequence limit $4`;

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
    EFFECTS,
    // One more than asked for tells whether there is a next page.
    [since ?? null, after?.atMicros ?? null, after?.sequence ?? null, pageSize + 1],
  );
  const effects = rows.slice(0, pageSize).map((row) => ({ ...row, at: new Date(Number(row.atMicros) / 1_000) }));
  const last = effects.at(-1);
  return { effects, nextCursor: last && rows.length > pageSize ? encodePosition(last) : '' };
}
