import type { Rule } from '../../../platform/audit/evaluate.ts';

/** Invariants of the log, its receivers and their deliveries. The events of removed receivers stay planned. */
export const RULES: readonly Rule[] = [
  {
    name: 'log_is_numbered_without_a_gap',
    rows: `select 'event_log' as id, log.last_position <> count(event.id) or coalesce(max(event.position), 0) <> log.last_position
             or coalesce(min(event.position), 1) <> 1 as wrong
           from event_log log left join events event on true group by log.id`,
  },
  {
    name: 'events_are_numbered_without_a_gap',
    rows: `select stream_id::text as id, min(sequence) <> 1 or max(sequence) <> count(*) or count(distinct sequence) <> count(*)
             as wrong from events group by stream_id`,
  },
  {
    name: 'sequences_follow_the_log',
    rows: `select id::text, coalesce(position < previous, false) as wrong
           from (select id, position, lag(position) over (partition by stream_id order by sequence) as previous from events)
             as events`,
  },
  {
    name: 'every_event_is_planned_once_for_each_receiver',
    rows: `select event.id::text || ' ' || receiver.id as id, count(delivery.id) <> case when
               event.position > receiver.after_position
               and (receiver.until_position is null or event.position <= receiver.until_position)
               and (receiver.event_types = '{}' or event.type = any (receiver.event_types)) then 1 else 0 end as wrong
           from events event cross join receivers receiver
           left join deliveries delivery on delivery.event_id = event.id and delivery.receiver_id = receiver.id
           group by event.id, receiver.id`,
  },
  {
    name: 'deliveries_match_their_events',
    rows: `select delivery.id::text, (delivery.stream_id, delivery.sequence) is distinct from (event.stream_id, event.sequence)
             as wrong from deliveries delivery left join events event on event.id = delivery.event_id`,
  },
  {
    name: 'pending_deliveries_have_a_queue',
    rows: `select receiver_id::text || ' ' || stream_id as id, queue.receiver_id is null or pending.receiver_id is null as wrong
           from delivery_queues queue
           full join (select distinct receiver_id, stream_id from deliveries where state = 'pending') as pending
             using (receiver_id, stream_id)`,
  },
  {
    name: 'deliveries_in_flight_are_pending',
    rows: `select queue.delivery_id::text as id, (delivery.receiver_id, delivery.stream_id, delivery.state)
             is distinct from (queue.receiver_id, queue.stream_id, 'pending') as wrong
           from delivery_queues queue left join deliveries delivery on delivery.id = queue.delivery_id
           where queue.delivery_id is not null`,
  },
  {
    name: 'removed_webhooks_receive_nothing',
    rows: `select receiver.id::text, receiver.secret is not null
             or exists (select from deliveries where receiver_id = receiver.id and state = 'pending') as wrong
           from receivers receiver where until_position is not null`,
  },
];
