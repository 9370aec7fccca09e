import { StatusError } from '../../platform/rpc/status-error.ts';

/** Says which field, never which address: a refusal is stored under its idempotency key. */
export function emailTaken(): StatusError {
  return new StatusError({
    code: 'ALREADY_EXISTS',
    reason: 'validation_failed',
    message: 'This e-mail address is registered already',
    violations: [{ field: 'email', description: 'is registered already' }],
  });
}

/** One error for an unknown address, a wrong password and a deactivated account. */
export function badCredentials(): StatusError {
  return new StatusError({ code: 'UNAUTHENTICATED', reason: 'unauthenticated', message: 'E-mail or password is wrong' });
}

/** One error for a refresh token that is unknown, expired, retired or revoked. */
export function badToken(): StatusError {
  return new StatusError({ code: 'UNAUTHENTICATED', reason: 'unauthenticated', message: 'The refresh token is not valid' });
}

export function userUnknown(userId: string): StatusError {
  return new StatusError({ code: 'NOT_FOUND', reason: 'user_unknown', message: 'No such user', facts: { user_id: userId } });
}

export function userInactive(userId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'user_inactive',
    message: 'This user is deactivated',
    facts: { user_id: userId },
  });
}
