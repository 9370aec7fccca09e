import type { Rule } from '../../../platform/audit/evaluate.ts';
import { EVENT_OF, PAYMENT_STATUSES } from '../domain/payment-status.ts';

const EVENTS = PAYMENT_STATUSES.map((status) => `when '${status}' then '${EVENT_OF[status]}'`).join(' ');

/** The events that the history of a payment calls for, and those that are there: each with its place among the payment's. */
const EXPECTED = `
  select payment_id, row_number() over (partition by payment_id order by id) as place,
    case when previous = 'REFUNDING' then 'payment.refunded' else case status ${EVENTS} end end as type
  from (
    select id, payment_id, status, lag(status) over (partition by payment_id order by id) as previous from payment_history
  ) as history`;
const WRITTEN = `
  select facts ->> 'payment_id' as payment_id, row_number() over (partition by facts ->> 'payment_id' order by position) as place, type
  from outbox`;

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
];
