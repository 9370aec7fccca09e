import type { Reason } from '../../../contracts/reasons.ts';
import type { ProblemRow } from './row.ts';

/** Reasons that refuse or fail any request. */
export const REQUEST_PROBLEMS = {
  email_taken: {
    status: 409,
    title: 'E-mail address taken',
    retry: 'changed',
    meaning: 'Another account has this e-mail address. Nothing was changed.',
    show: 'There is an account with this e-mail address already. Please sign in or use another one.',
  },
  sku_taken: {
    status: 409,
    title: 'SKU taken',
    retry: 'changed',
    meaning: 'Another product has this SKU. Nothing was changed.',
    show: 'There is a product with this SKU already.',
  },
  conflict: {
    status: 409,
    title: 'In conflict with another request',
    retry: 'later',
    meaning:
      'Another request with the same key, or for the same resource, is at work. The same request succeeds when it has ended.',
    show: 'Please try again in a moment.',
  },
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency-Key missing',
    retry: 'changed',
    meaning: 'The request needs an `Idempotency-Key` header of 1 to 255 visible ASCII characters. Nothing was started.',
    show: 'Something went wrong on our side.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key used before',
    retry: 'changed',
    meaning:
      'The key was used for a request with another body. Nothing was started; use a new key for each order and each return.',
    show: 'Something went wrong on our side.',
  },
  validation_failed: {
    status: 422,
    title: 'Invalid request',
    retry: 'changed',
    meaning:
      'The request does not have the shape that is asked for; `errors` names each field as a JSON pointer. Nothing was started. ' +
      '400 when it is not HTTP, the body is not JSON, a cursor is not ours or a value is impossible, 408 when it does not arrive in ' +
      'time, 413 when the body is too large, 415 when it is of another type, 417 when it expects something that cannot be met, 431 ' +
      'when its headers are too large.',
    show: 'Please check what you entered.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    retry: 'changed',
    meaning:
      'The access token or the API key is missing, wrong or expired; at sign-in: e-mail or password is wrong; at a refresh: the ' +
      'refresh token is unknown, expired, revoked or was used before, which revokes every token of its sign-in.',
    show: 'Please sign in.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    retry: 'no',
    meaning: 'The role of the token does not allow this.',
    show: 'You may not do this.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    retry: 'no',
    meaning:
      'Nothing exists here, or it belongs to another user. 405 when the path exists and the method does not: `Allow` names those that do.',
    show: 'We could not find this.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    retry: 'later',
    meaning: 'More requests than the tier allows; `Retry-After` states when the next one is admitted.',
    show: 'Please try again in a moment.',
  },
  quota_exceeded: {
    status: 429,
    title: 'Quota used up',
    retry: 'later',
    meaning:
      "The tier's monthly quota is used up, and `Retry-After` states when the next month begins; or the highest number of webhooks " +
      'is registered.',
    show: 'Please try again later.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    retry: 'later',
    meaning:
      'A limit on work in flight is reached: requests on one connection, of one caller or of all callers, or open event streams. ' +
      'Nothing was started.',
    show: 'Please try again in a moment.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    retry: 'later',
    meaning:
      'A required part does not answer; send the same request with the same key later. 499 when the caller closed the connection. ' +
      'With `order_id` and `step`: the step gave up, and the order was undone and cancelled; order again with a new key.',
    show: 'Please try again in a moment.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'No answer in time',
    retry: 'later',
    meaning: 'A required part took too long. The request may have had its effect: repeat it with the same key.',
    show: 'Please try again in a moment.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    retry: 'later',
    meaning:
      'A fault of the platform; `trace_id` finds it in the logs. Repeating with the same key is safe. 501 when it is not implemented.',
    show: 'Something went wrong on our side.',
  },
} as const satisfies Partial<Record<Reason, ProblemRow>>;
