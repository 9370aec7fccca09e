import { DomainError, type Facts } from '../../../platform/domain-error.ts';

/** Why notifications refuses a request. */
export type NotificationsReason = 'not_found' | 'quota_exceeded' | 'illegal_transition';

/** `message` and `facts` are safe to show. */
export function refused(reason: NotificationsReason, message: string, facts: Facts = {}): DomainError<NotificationsReason> {
  return new DomainError(reason, message, { facts });
}
