import type { Rule } from '../../../platform/audit/evaluate.ts';
import { PAYMENT_STATUSES, TRANSITIONS } from '../domain/payment-status.ts';
import { EVENT_RULES } from './event-rules.ts';
import { LEDGER_RULES } from './ledger-rules.ts';

// A payment that is on its way for longer is forgotten rather than at work: its caller gives up after 10 minutes.
const STUCK_AFTER = '1 hour';

const LEGAL_MOVES = PAYMENT_STATUSES.flatMap((from) => TRANSITIONS[from].map((to) => `('${from}', '${to}')`)).join();

/** The invariants of payments. They read the rows and rely on no constraint. */
export const RULES: readonly Rule[] = [
  {
    name: 'money_within_bounds',
    rows: `select id::text, not (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor)
             as wrong from payments`,
  },
  {
    name: 'one_payment_per_order',
    rows: 'select order_id::text as id, count(*) > 1 as wrong from payments group by order_id',
  },
  {
    name: 'status_agrees_with_amounts',
    rows: `select id::text, (status in ('COMPLETED', 'REFUNDING', 'REFUNDED')) <> (captured_minor > 0)
             or (status = 'REFUNDED') <> (captured_minor > 0 and refunded_minor = captured_minor)
             or (captured_minor > 0 and provider_reference is null)
             or (status = 'FAILED') <> (failure_reason is not null) as wrong
           from payments`,
  },
  {
    name: 'status_is_last_of_history',
    // `id + 0` makes PostgreSQL read each history by itself: without statistics it would walk back through all of them for each.
    rows: `select payments.id::text, payments.status is distinct from (
             select status from payment_history where payment_id = payments.id order by id + 0 desc limit 1
           ) as wrong from payments`,
  },
  {
    name: 'history_is_legal',
    rows: `select payment_id::text as id, case when previous is null then status <> 'PENDING'
             else (previous, status) not in (${LEGAL_MOVES}) end as wrong
           from (
             select payment_id, status, lag(status) over (partition by payment_id order by id) as previous from payment_history
           ) as moves`,
  },
  {
    name: 'refunds_add_up',
    rows: `select payments.id::text, payments.refunded_minor <>
             coalesce(sum(refund.amount_minor) filter (where refund.status = 'COMPLETED'), 0) as wrong
           from payments left join refunds refund on refund.payment_id = payments.id group by payments.id`,
  },
  {
    name: 'refunding_has_one_pending_refund',
    rows: `select payments.id::text, count(refund.id) filter (where refund.status = 'PENDING')
             <> case payments.status when 'REFUNDING' then 1 else 0 end as wrong
           from payments left join refunds refund on refund.payment_id = payments.id group by payments.id`,
  },
  {
    name: 'stuck',
    // A refund that the provider refuses is not forgotten: its order needs attention until people decide.
    rows: `select id::text, status in ('PENDING', 'PROCESSING', 'REFUNDING') and updated_at < now() - interval '${STUCK_AFTER}'
             and not exists (select from refunds where payment_id = payments.id and status = 'PENDING' and refusal is not null)
             as wrong from payments`,
  },
  ...LEDGER_RULES,
  ...EVENT_RULES,
];
