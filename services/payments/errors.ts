import { StatusError } from '../../platform/rpc/status-error.ts';
import type { Assessment } from './fraud-check.ts';
import type { RefusalCode } from './provider.ts';

// Milliseconds after which a call whose outcome is unknown is worth repeating.
const UNAVAILABLE_RETRY_MS = 1_000;

/** The reason for a token that the provider does not know. */
export const PAYMENT_METHOD_INVALID = 'payment_method_invalid';

/** What each refusal of the provider is called here. */
const REFUSALS: Readonly<Record<RefusalCode, { readonly reason: string; readonly message: string }>> = {
  declined: { reason: 'payment_declined', message: 'The payment was declined' },
  insufficient_funds: { reason: 'payment_insufficient_funds', message: 'The account does not hold enough money' },
  expired_card: { reason: 'payment_expired_card', message: 'The card has expired' },
  fraud_hold: { reason: 'fraud_review', message: 'The payment is held for a fraud review' },
  invalid_token: { reason: PAYMENT_METHOD_INVALID, message: 'The payment method is not valid' },
  cancelled: { reason: 'order_cancelled', message: 'The payment was undone before it arrived' },
};

export function paymentRefused(code: RefusalCode): StatusError {
  return new StatusError({ code: 'FAILED_PRECONDITION', ...REFUSALS[code] });
}

/** Held by our own fraud check: nothing was charged. */
export function fraudHeld({ score, factors }: Assessment): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    ...REFUSALS.fraud_hold,
    facts: { score: String(score), factors: factors.map(({ name }) => name).join() },
  });
}

/** Whether money moved is not known; the same call with the same key finds out. */
export function outcomeUnknown(cause: unknown): StatusError {
  return new StatusError({
    code: 'UNAVAILABLE',
    reason: 'unavailable',
    message: 'The payment provider did not answer; repeat the call with the same key',
    retryDelayMs: UNAVAILABLE_RETRY_MS,
    cause,
  });
}

export function notSettledYet(orderId: string): StatusError {
  return new StatusError({
    code: 'UNAVAILABLE',
    reason: 'unavailable',
    message: 'The payment is not settled yet; try again',
    facts: { order_id: orderId },
    retryDelayMs: UNAVAILABLE_RETRY_MS,
  });
}

export function illegalTransition(current: string, attempted: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: `A payment that is ${current} cannot become ${attempted}`,
    facts: { current, attempted },
  });
}

export function orderHasPayment(orderId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: 'The order has another payment',
    facts: { order_id: orderId },
  });
}

export function refundExceedsCapture(facts: { requestedMinor: number; keptMinor: number }): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'refund_exceeds_capture',
    message: 'More would be refunded than is left of the payment',
    facts: { requested_minor: String(facts.requestedMinor), refundable_minor: String(facts.keptMinor) },
  });
}

export function paymentNotFound(): StatusError {
  return new StatusError({ code: 'NOT_FOUND', reason: 'not_found', message: 'No such payment' });
}

export function currencyDiffers(currency: string): StatusError {
  return invalidField('amount.currency', `must be ${currency}, as the payment's`);
}

export function keyOfAnotherOrder(): StatusError {
  return invalidField('undoesKey', 'belongs to the payment of another order');
}

function invalidField(field: string, description: string): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field, description }],
  });
}
