import { type Codes, createToStatus, type ToStatus } from '../../../platform/rpc/domain-status.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import type { PaymentReason } from '../domain/errors.ts';
import { ProviderUnavailable } from '../domain/provider.ts';

// Milliseconds after which a call whose outcome is unknown is worth repeating.
const UNAVAILABLE_RETRY_MS = 1_000;

export const CODES: Codes<PaymentReason> = {
  not_found: 'NOT_FOUND',
  illegal_transition: 'FAILED_PRECONDITION',
  refund_exceeds_capture: 'FAILED_PRECONDITION',
  payment_declined: 'FAILED_PRECONDITION',
  payment_insufficient_funds: 'FAILED_PRECONDITION',
  payment_expired_card: 'FAILED_PRECONDITION',
  payment_method_invalid: 'FAILED_PRECONDITION',
  fraud_review: 'FAILED_PRECONDITION',
  order_cancelled: 'FAILED_PRECONDITION',
  validation_failed: 'INVALID_ARGUMENT',
  unavailable: 'UNAVAILABLE',
};

const byTable = createToStatus(CODES);

export const toStatus: ToStatus = (error) => {
  if (error instanceof ProviderUnavailable) return outcomeUnknown(error);
  const status = byTable(error);
  if (!(status instanceof StatusError) || status === error || status.code !== 'UNAVAILABLE') return status;
  const { code, reason, message, facts } = status;
  return new StatusError({ code, reason, message, facts, retryDelayMs: UNAVAILABLE_RETRY_MS, cause: error });
};

/** Whether money moved is not known; the same call with the same key finds out. */
function outcomeUnknown(cause: ProviderUnavailable): StatusError {
  return new StatusError({
    code: 'UNAVAILABLE',
    reason: 'unavailable',
    message: 'The payment provider did not answer; repeat the call with the same key',
    retryDelayMs: UNAVAILABLE_RETRY_MS,
    cause,
  });
}
