import { type Codes, createToStatus } from '../../../platform/rpc/domain-status.ts';
import type { OrderReason } from '../domain/errors.ts';

export const CODES: Codes<OrderReason> = {
  not_found: 'NOT_FOUND',
  illegal_transition: 'FAILED_PRECONDITION',
  validation_failed: 'FAILED_PRECONDITION',
  return_exceeds_order: 'FAILED_PRECONDITION',
  idempotency_key_reused: 'FAILED_PRECONDITION',
};

export const toStatus = createToStatus(CODES);
