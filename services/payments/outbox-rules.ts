import type { Rule } from '../../platform/audit/evaluate.ts';

/** What holds between the payments and the events that tell of them. */
export const OUTBOX_RULES: readonly Rule[] = [
  {
    // A refund tells of itself, so its steps in the history are not told again.
    name: 'every_change_is_told',
    rows: `select change.payment_id::text as id, (event.type, event.facts ->> 'payment_id')
             is distinct from (change.type, change.payment_id::text) as wrong
           from (
             select 'history ' || id as cause, payment_id,
               case status when 'PENDING' then 'payment.started' when 'COMPLETED' then 'payment.captured'
                 else 'payment.' || lower(status) end as type
             from (
               select *, row_number() over (partition by payment_id, status order by id) as nth from payment_history
             ) as history
             where status not in ('REFUNDING', 'REFUNDED') and not (status = 'COMPLETED' and nth > 1)
             union all
             select 'refund ' || key || ' started', payment_id, 'payment.refund_started' from refunds
             union all
             select 'refund ' || key || ' completed', payment_id, 'payment.refunded' from refunds where status = 'COMPLETED'
           ) as change
           left join outbox event on event.cause = change.cause`,
  },
  {
    name: 'told_as_it_happened',
    rows: `select payment_id::text as id, coalesce(place < previous, false) as wrong
           from (
             select history.payment_id, history.id as place,
               lag(history.id) over (partition by history.payment_id order by event.position) as previous
             from payment_history history join outbox event on event.cause = 'history ' || history.id
           ) as told`,
  },
];
