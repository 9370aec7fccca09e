import type { EntityManager } from '@mikro-orm/core';
import { Payment } from '../payment.ts';
import { type FraudFacts, RECENT_MAX } from './rules.ts';

// Refusals that say something about the card. A cancelled order, and one that our own fraud check held, say nothing.
const CARD_REFUSALS: ReadonlySet<string> = new Set([
  'payment_declined',
  'payment_insufficient_funds',
  'payment_expired_card',
  'payment_method_invalid',
]);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type EarlierPayments = Omit<FraudFacts, 'amountMinor' | 'currency'>;

/**
 * The customer's payments before a time, as the fraud rules count them: one walk down an index, of at most RECENT_MAX rows.
 * Payments that begin in the same millisecond do not see each other.
 */
export async function earlierPayments(
  em: EntityManager,
  { userId, before }: { readonly userId: string; readonly before: Date },
): Promise<EarlierPayments> {
  const recent = await em.find(
    Payment,
    { userId, createdAt: { $lt: before } },
    { fields: ['createdAt', 'failureReason'], orderBy: { createdAt: 'desc' }, limit: RECENT_MAX, disableIdentityMap: true },
  );
  const within = (ms: number) => recent.filter(({ createdAt }) => createdAt.getTime() > before.getTime() - ms);
  return {
    isFirst: recent.length === 0,
    lastHour: within(HOUR_MS).length,
    declines: within(DAY_MS).filter(({ failureReason }) => failureReason && CARD_REFUSALS.has(failureReason)).length,
  };
}
