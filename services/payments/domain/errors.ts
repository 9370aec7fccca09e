import { DomainError, type Facts } from '../../../platform/domain-error.ts';
import type { RefundRefusalCode, RefusalCode } from './provider.ts';

export type PaymentReason =
  | 'not_found'
  | 'illegal_transition'
  | 'refund_exceeds_capture'
  | 'payment_declined'
  | 'payment_insufficient_funds'
  | 'payment_expired_card'
  | 'payment_method_invalid'
  | 'fraud_review'
  | 'order_cancelled'
  | 'validation_failed'
  | 'unavailable';

export type PaymentError = DomainError<PaymentReason>;

export function refused(reason: PaymentReason, message: string, facts: Facts = {}): PaymentError {
  return new DomainError(reason, message, { facts });
}

/** Each refusal of the provider as a reason of the shop. */
const REFUSALS: Readonly<Record<RefusalCode, { readonly reason: PaymentReason; readonly message: string }>> = {
  declined: { reason: 'payment_declined', message: 'The payment was declined' },
  insufficient_funds: { reason: 'payment_insufficient_funds', message: 'The account does not hold enough money' },
  expired_card: { reason: 'payment_expired_card', message: 'The card has expired' },
  fraud_hold: { reason: 'fraud_review', message: 'The payment is held for a fraud review' },
  invalid_token: { reason: 'payment_method_invalid', message: 'The payment method is not valid' },
  cancelled: { reason: 'order_cancelled', message: 'The payment was undone before it arrived' },
};

/** Without facts: score and factors of a fraud check are for operators, and stay in the payment's record. */
export function paymentRefused(code: RefusalCode): PaymentError {
  const { reason, message } = REFUSALS[code];
  return refused(reason, message);
}

const REFUND_REFUSALS: Readonly<Record<RefundRefusalCode, { readonly reason: PaymentReason; readonly message: string }>> = {
  refund_exceeds_capture: {
    reason: 'refund_exceeds_capture',
    message: 'The payment provider has less left of the payment than would be refunded',
  },
  charge_disputed: {
    reason: 'payment_declined',
    message: 'The customer disputes the payment: the payment provider refuses the refund',
  },
  cancelled: { reason: 'payment_declined', message: 'The refund was cancelled at the payment provider' },
  refused: { reason: 'payment_declined', message: 'The payment provider refuses the refund' },
};

/** Not stored: a later attempt asks the provider again, which may have changed its mind. */
export function refundRefused(code: RefundRefusalCode): PaymentError {
  const { reason, message } = REFUND_REFUSALS[code];
  return refused(reason, message, { provider_code: code });
}

/** The outcome of the charge is not known yet: the same call finds it out later. */
export function notSettledYet(orderId: string): PaymentError {
  return refused('unavailable', 'The payment is not settled yet; try again', { order_id: orderId });
}

export function illegalTransition(current: string, attempted: string): PaymentError {
  return refused('illegal_transition', `A payment that is ${current} cannot become ${attempted}`, {
    current_status: current,
    attempted_status: attempted,
  });
}

export function orderHasPayment(orderId: string): PaymentError {
  return refused('illegal_transition', 'The order has another payment', { order_id: orderId });
}

export function refundExceedsCapture(facts: {
  readonly requestedMinor: number;
  readonly keptMinor: number;
  readonly currency: string;
}): PaymentError {
  return refused('refund_exceeds_capture', 'More would be refunded than is left of the payment', {
    requested_amount_minor: String(facts.requestedMinor),
    refundable_amount_minor: String(facts.keptMinor),
    currency: facts.currency,
  });
}

export function paymentNotFound(): PaymentError {
  return refused('not_found', 'No such payment');
}

export function currencyDiffers(currency: string): PaymentError {
  return invalidField('amount.currency', `must be ${currency}, as the payment's`);
}

export function currencyNotSold(): PaymentError {
  return invalidField('amount.currency', 'must be a currency that the shop sells in');
}

export function keyOfAnotherOrder(): PaymentError {
  return invalidField('undoesKey', 'belongs to the payment of another order');
}

function invalidField(field: string, description: string): PaymentError {
  return new DomainError('validation_failed', 'The request has invalid fields', { violations: [{ field, description }] });
}
