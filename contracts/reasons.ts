/**
 * Why something was refused or failed: the closed set that customers, operators, problem documents and metrics share.
 * A new reason does not compile until every table that answers it has a row.
 */
export const REASONS = [
  'user_unknown',
  'user_inactive',
  'product_unknown',
  'product_inactive',
  'insufficient_stock',
  'payment_declined',
  'payment_insufficient_funds',
  'payment_expired_card',
  'payment_method_invalid',
  'fraud_review',
  'order_cancelled',
  'hold_expired',
  'idempotency_key_missing',
  'idempotency_key_reused',
  'validation_failed',
  'illegal_transition',
  'return_exceeds_order',
  'refund_exceeds_capture',
  'unauthenticated',
  'forbidden',
  'not_found',
  'rate_limited',
  'quota_exceeded',
  'unavailable',
  'deadline_exceeded',
  'internal',
] as const;

export type Reason = (typeof REASONS)[number];

const known: ReadonlySet<string> = new Set(REASONS);

export function isReason(value: string): value is Reason {
  return known.has(value);
}
