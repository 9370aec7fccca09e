import { DomainError } from '../../../platform/domain-error.ts';
import { type Codes, createToStatus, type ToStatus } from '../../../platform/rpc/domain-status.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import type { ProductReason } from '../domain/errors.ts';

export const CODES: Codes<ProductReason> = {
  product_unknown: 'NOT_FOUND',
  product_inactive: 'FAILED_PRECONDITION',
  insufficient_stock: 'FAILED_PRECONDITION',
  hold_expired: 'FAILED_PRECONDITION',
  illegal_transition: 'FAILED_PRECONDITION',
  return_exceeds_order: 'FAILED_PRECONDITION',
  idempotency_key_reused: 'FAILED_PRECONDITION',
  sku_taken: 'ALREADY_EXISTS',
  validation_failed: 'FAILED_PRECONDITION',
};

const byReason = createToStatus(CODES);

/**
 * Errors that name a field have the reason `validation_failed` on the wire. The gRPC code is that of the domain reason: it says
 * that the state forbids the value, which another state may allow.
 */
export const toStatus: ToStatus = (error) => {
  if (!(error instanceof DomainError) || error.violations.length === 0) return byReason(error);
  const { reason, message, facts, violations } = error;
  const code = reason === 'sku_taken' ? CODES.sku_taken : CODES.validation_failed;
  return new StatusError({ code, reason: 'validation_failed', message, facts, violations, cause: error });
};
