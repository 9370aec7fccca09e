import type { Rule } from '../../../platform/audit/evaluate.ts';

/** What holds between the orders and the events that tell of them. */
export const EVENT_RULES: readonly Rule[] = [
  {
    name: 'every_change_is_told',
    rows: `select change.order_id::text as id, (event.order_id, event.type) is distinct from (change.order_id, change.type) as wrong
           from (
             select 'history ' || sequence as cause, order_id, 'order.' || lower(status) as type from order_history
             union all
             select 'return ' || id || ' requested', order_id, 'return.requested' from returns
             union all
             select 'return ' || id || ' completed', order_id, 'return.completed' from returns where completed_at is not null
           ) as change
           left join events event on event.cause = change.cause`,
  },
  {
    name: 'events_are_numbered_without_a_gap',
    rows: `select order_id::text as id, min(sequence) <> 1 or max(sequence) <> count(*) or count(distinct sequence) <> count(*)
             as wrong from events group by order_id`,
  },
  {
    name: 'events_follow_the_history',
    rows: `select order_id::text as id, coalesce(place < previous, false) as wrong
           from (
             select history.order_id, history.sequence as place,
               lag(history.sequence) over (partition by history.order_id order by event.sequence, history.sequence) as previous
             from order_history history join events event on event.cause = 'history ' || history.sequence
           ) as told`,
  },
];
