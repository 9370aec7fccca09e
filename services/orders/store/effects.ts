import { decodePosition, encodePosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { Effect, EffectsPage, ListEffects } from '../domain/reads/effect.ts';

/** A page of one of the lists that make up the effects, read off its own index. */
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

const stepsOfReturns = (step: 'requested' | 'completed') => `
  select back.${step}_sequence, 'return_${step}', back.order_id, orders.user_id, back.id::text, back.refund_minor,
    orders.currency, back.${step}_at
  from returns back join orders on orders.id = back.order_id ${pageBy(`back.${step}_at`, `back.${step}_sequence`)}`;

const EFFECTS = `
select sequence, kind, order_id as "orderId", user_id as "userId", reference, amount_minor as "amountMinor", currency,
  (extract(epoch from at) * 1000000)::bigint as "atMicros"
from ((${CHANGES}) union all (${stepsOfReturns('requested')}) union all (${stepsOfReturns('completed')})) as effects
order by at, sequence limit $4`;

/**
 * Rows become visible at the commit, which is later than their timestamps. A reader that continues must start a little before the
 * last time that it has seen.
 */
export function createListEffects({ sql }: { readonly sql: Sql }): ListEffects {
  return async ({ since, pageSize, cursor }: EffectsPage) => {
    const after = cursor === '' ? undefined : decodePosition(cursor, 'page.cursor');
    const rows = await sql.query<Omit<Effect, 'at'>>(
      EFFECTS,
      // One more than asked for shows whether there is a next page.
      [since ?? null, after?.atMicros ?? null, after?.sequence ?? null, pageSize + 1],
    );
    const effects = rows.slice(0, pageSize).map((row) => ({ ...row, at: new Date(Number(row.atMicros) / 1_000) }));
    const last = effects.at(-1);
    return { effects, nextCursor: last && rows.length > pageSize ? encodePosition(last) : '' };
  };
}
