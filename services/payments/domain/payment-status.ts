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

/** Every event that payments emits. */
export const PAYMENT_EVENTS = [
  'payment.started',
  'payment.authorized',
  'payment.processing',
  'payment.captured',
  'payment.refund_started',
  'payment.refunded',
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
export function eventOf(from: PaymentStatus | null, to: PaymentStatus): PaymentEventType {
  return from === 'REFUNDING' ? 'payment.refunded' : EVENT_OF[to];
}

/** The statuses that a payment passes on its way from `from` to captured. */
export function stepsToCapture(from: PaymentStatus): readonly PaymentStatus[] {
  const path: readonly PaymentStatus[] = ['AUTHORIZED', 'PROCESSING', 'COMPLETED'];
  return path.slice(path.indexOf(from) + 1);
}
