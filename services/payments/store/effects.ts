import { decodePosition, encodePosition } from '../../../platform/audit/position.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { Effect, EffectsOfPage, EffectsPage } from '../domain/effect.ts';

/**
 * One page, oldest first. An empty cursor begins the list; an empty next cursor ends it. An effect has the time of its transition and
 * becomes visible when its transaction commits: a reader that comes back begins a little before the last time seen.
 */
export async function listEffects(sql: Sql, { since, pageSize, cursor }: EffectsPage): Promise<EffectsOfPage> {
  const after = cursor === '' ? undefined : decodePosition(cursor, 'page.cursor');
  const rows = await sql.query<Omit<Effect, 'at'>>(
    `select history.id as sequence,
       case when refund.paid_by = 'outside' then 'settled_outside' when refund.id is not null then 'refunded' when history.status = 'VOIDED' then 'voided' else 'charged' end as kind,
       payments.order_id as "orderId", payments.user_id as "userId",
       coalesce(refund.provider_reference, refund.id::text, payments.provider_reference, '') as reference,
       coalesce(refund.amount_minor, payments.amount_minor) as "amountMinor", payments.currency,
       (extract(epoch from history.at) * 1000000)::bigint as "atMicros"
     from payment_history history join payments on payments.id = history.payment_id
     left join refunds refund on refund.id = history.refund_id
     where history.status in ('COMPLETED', 'REFUNDED', 'VOIDED') and refund.status is distinct from 'FAILED'
       and history.at >= coalesce($1::timestamptz, '-infinity')
       and (history.at, history.id) >
         (coalesce('epoch'::timestamptz + $2::bigint * interval '1 microsecond', '-infinity'), coalesce($3::bigint, 0))
     order by history.at, history.id limit $4`,
    // One row more than asked for shows whether there is a next page.
    [since ?? null, after?.atMicros ?? null, after?.sequence ?? null, pageSize + 1],
  );
  const effects = rows.slice(0, pageSize).map((row) => ({ ...row, at: new Date(Number(row.atMicros) / 1_000) }));
  const last = effects.at(-1);
  return { effects, nextCursor: last && rows.length > pageSize ? encodePosition(last) : '' };
}
