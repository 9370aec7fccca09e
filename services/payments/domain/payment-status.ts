/** The state machine of a payment, and the event that each transition emits. */

export const PAYMENT_STATUSES = [
  'PENDING',
  'AUTHORIZED',
  'PROCESSING',
  'COMPLETED',
  'REFUNDING',
  'REFUNDED',
  'FAILED',
  'VOIDED',
] as const;

export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** Where a payment may go from each status. A partial refund returns to COMPLETED. */
export const TRANSITIONS: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  PENDING: ['AUTHORIZED', 'FAILED'],
  AUTHORIZED: ['PROCESSING', 'VOIDED', 'FAILED'],
  PROCESSING: ['COMPLETED', 'FAILED'],
  COMPLETED: ['REFUNDING'],
  REFUNDING: ['REFUNDED', 'COMPLETED'],
  REFUNDED: [],
  FAILED: [],
  VOIDED: [],
};

/** A refund is on its way, paid, or ended without being paid. */
export type RefundStatus = 'PENDING' | 'COMPLETED' | 'FAILED';

/** Who pays a refund: the provider on our request, somebody in the provider's back office, or the shop by other means. */
export type PaidBy = 'provider' | 'provider_back_office' | 'outside';

/** Every event that payments emits. */
export const PAYMENT_EVENTS = [
  'payment.started',
  'payment.authorized',
  'payment.processing',
  'payment.captured',
  'payment.refund_started',
  'payment.refunded',
  'payment.refund_failed',
  'payment.disputed',
  'payment.failed',
  'payment.voided',
] as const;

export type PaymentEventType = (typeof PAYMENT_EVENTS)[number];

/** The event of reaching a status, from any status but REFUNDING. */
export const EVENT_OF: Readonly<Record<PaymentStatus, PaymentEventType>> = {
  PENDING: 'payment.started',
  AUTHORIZED: 'payment.authorized',
  PROCESSING: 'payment.processing',
  COMPLETED: 'payment.captured',
  REFUNDING: 'payment.refund_started',
  REFUNDED: 'payment.refunded',
  FAILED: 'payment.failed',
  VOIDED: 'payment.voided',
};

/** A transition out of REFUNDING ends a refund, whether money is left or not. `from` is null for a new payment. */
export function eventOf(
  from: PaymentStatus | null,
  to: PaymentStatus,
  refund?: { readonly status: RefundStatus },
): PaymentEventType {
  if (from !== 'REFUNDING') return EVENT_OF[to];
  return refund?.status === 'FAILED' ? 'payment.refund_failed' : 'payment.refunded';
}

/** The statuses that a payment passes on its way from `from` to captured. */
export function stepsToCapture(from: PaymentStatus): readonly PaymentStatus[] {
  const path: readonly PaymentStatus[] = ['AUTHORIZED', 'PROCESSING', 'COMPLETED'];
  return path.slice(path.indexOf(from) + 1);
}
