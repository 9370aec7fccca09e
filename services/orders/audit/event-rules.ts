import type { Rule } from '../../../platform/audit/evaluate.ts';

/** Each step of an order, as its rows show it, with the event that it must have emitted. */
const STEPS = `
  select order_id, 'order.' || lower(status) as type, '' as return_id from order_history
  union all
  select order_id, 'return.requested', id::text from returns
  union all
  select order_id, 'return.completed', id::text from returns where completed_at is not null`;

/** Between the rows of an order and the events in the outbox. */
export const EVENT_RULES: readonly Rule[] = [
  {
    // Each row of a history and each step of a return has exactly one event, and no event is without its step.
    name: 'every_change_emits_its_event',
    rows: `select coalesce(step.order_id, event.order_id)::text as id, step.order_id is null or event.events is distinct from 1 as wrong
           from (${STEPS}) as step
           full join (
             select order_id, type, coalesce(facts ->> 'return_id', '') as return_id, count(*) as events from outbox group by 1, 2, 3
           ) as event using (order_id, type, return_id)`,
  },
  {
    name: 'events_follow_the_history',
    rows: `select order_id::text as id, coalesce(sequence < previous, false) as wrong
           from (
             select history.order_id, history.sequence,
               lag(history.sequence) over (partition by history.order_id order by event.position) as previous
             from order_history history
             join outbox event on event.order_id = history.order_id and event.type = 'order.' || lower(history.status)
           ) as emitted`,
  },
];
