import type { Rule } from '../../../platform/audit/evaluate.ts';
import { EVENT_OF, PAYMENT_STATUSES } from '../domain/payment-status.ts';

const EVENTS = PAYMENT_STATUSES.map((status) => `when '${status}' then '${EVENT_OF[status]}'`).join(' ');

/** The events that the history of a payment calls for, and those that are there: each with its place. A dispute is no transition. */
const EXPECTED = `
  select payment_id, row_number() over (partition by payment_id order by id) as place,
    case when previous <> 'REFUNDING' or previous is null then case status ${EVENTS} end
         when refund_status = 'FAILED' then 'payment.refund_failed' else 'payment.refunded' end as type
  from (
    select history.id, history.payment_id, history.status, refunds.status as refund_status,
      lag(history.status) over (partition by history.payment_id order by history.id) as previous
    from payment_history history left join refunds on refunds.id = refund_id
  ) as history`;
const WRITTEN = `
  select facts ->> 'payment_id' as payment_id, row_number() over (partition by facts ->> 'payment_id' order by position) as place, type
  from outbox where type <> 'payment.disputed'`;

/** The rules between the transitions of payments and the events that report them. */
export const EVENT_RULES: readonly Rule[] = [
  {
    name: 'every_transition_has_its_event',
    rows: `select coalesce(expected.payment_id::text, written.payment_id) as id,
             coalesce(expected.many, 0) <> coalesce(written.many, 0) as wrong
           from (select payment_id, type, count(*) as many from (${EXPECTED}) as expected group by 1, 2) as expected
           full join (select payment_id, type, count(*) as many from (${WRITTEN}) as written group by 1, 2) as written
             on written.payment_id = expected.payment_id::text and written.type = expected.type`,
  },
  {
    name: 'events_follow_the_history',
    rows: `select expected.payment_id::text as id, expected.type <> written.type as wrong
           from (${EXPECTED}) as expected
           join (${WRITTEN}) as written
             on written.payment_id = expected.payment_id::text and written.place = expected.place`,
  },
  {
    name: 'every_dispute_has_its_event',
    rows: `select id::text, (disputed_at is not null)::integer <> (
             select count(*) from outbox where type = 'payment.disputed' and order_id = payments.order_id
           ) as wrong from payments`,
  },
];
