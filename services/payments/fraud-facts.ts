import * as z from 'zod';
import { type FraudFacts, RECENT_MAX } from './fraud.ts';

// Refusals that say something about the card. An order that was cancelled or held by ourselves says nothing.
const CARD_REFUSALS = [
  'payment_declined',
  'payment_insufficient_funds',
  'payment_expired_card',
  'payment_method_invalid',
] as const;
const QUOTED = CARD_REFUSALS.map((reason) => `'${reason}'`).join();

/**
 * A scalar subquery, as JSON, over the customer's payments before a time, both given as SQL expressions. One walk down an index
 * of at most RECENT_MAX rows. Payments that begin at the same moment do not see each other.
 */
export function earlierPayments({ userId, before }: { readonly userId: string; readonly before: string }): string {
  return `(
    select json_build_object(
      'isFirst', not exists (select from payments earlier where earlier.user_id = ${userId} and earlier.created_at < ${before}),
      'lastHour', count(*) filter (where recent.created_at > ${before} - interval '1 hour'),
      'declines', count(*) filter (where recent.failure_reason in (${QUOTED})))
    from (
      select created_at, failure_reason from payments earlier
      where earlier.user_id = ${userId} and earlier.created_at < ${before}
        and earlier.created_at > ${before} - interval '1 day'
      order by earlier.created_at desc limit ${RECENT_MAX}) as recent)`;
}

const startedSchema = z.object({
  id: z.string(),
  earlier: z.object({ isFirst: z.boolean(), lastHour: z.int(), declines: z.int() }),
});

export type Earlier = Omit<FraudFacts, 'amountMinor' | 'currency'>;

/** What PostgreSQL wrote of a payment that begins: its id, and its customer's earlier ones. */
export function parseStarted(json: string): { readonly id: string; readonly earlier: Earlier } {
  return startedSchema.parse(JSON.parse(json));
}
