import { DomainError, type Facts } from '../../../platform/domain-error.ts';

export type UserReason = 'user_unknown' | 'user_inactive' | 'email_taken' | 'unauthenticated';

type UserError = DomainError<UserReason>;

function refused(reason: UserReason, message: string, facts: Facts = {}): UserError {
  return new DomainError(reason, message, { facts });
}

/** Names the field, never the address: a refusal is stored under its idempotency key. */
export function emailTaken(): UserError {
  return new DomainError('email_taken', 'This e-mail address is registered already', {
    violations: [{ field: 'email', description: 'is registered already' }],
  });
}

/** One error for an unknown address, a wrong password and a deactivated account. */
export function badCredentials(): UserError {
  return refused('unauthenticated', 'E-mail or password is wrong');
}

/** One error for a refresh token that is unknown, expired, retired or revoked. */
export function badToken(): UserError {
  return refused('unauthenticated', 'The refresh token is not valid');
}

export function userUnknown(userId: string): UserError {
  return refused('user_unknown', 'No such user', { user_id: userId });
}

export function userInactive(userId: string): UserError {
  return refused('user_inactive', 'This user is deactivated', { user_id: userId });
}
