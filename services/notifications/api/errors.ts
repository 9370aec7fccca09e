import { type Codes, createToStatus } from '../../../platform/rpc/domain-status.ts';
import type { NotificationsReason } from '../domain/errors.ts';

export const CODES: Codes<NotificationsReason> = {
  not_found: 'NOT_FOUND',
  quota_exceeded: 'FAILED_PRECONDITION',
  illegal_transition: 'FAILED_PRECONDITION',
};

export const toStatus = createToStatus(CODES);
