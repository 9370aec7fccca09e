import type { Reason } from '../contracts/reasons.ts';

/** What a caller does after a problem. */
export type Retry =
  /** Asking again gives the same answer. */
  | 'no'
  /** The same request with the same Idempotency-Key may succeed later, after Retry-After. */
  | 'later'
  /** After the caller has changed something, as a new request with a new Idempotency-Key. */
  | 'changed';

export type ProblemRow = {
  /** The HTTP status, unless the boundary that found the problem says otherwise (docs/problems.md). */
  readonly status: number;
  readonly title: string;
  readonly retry: Retry;
  /** For the developer of a shop. */
  readonly meaning: string;
  /** What a shop may tell its customer. */
  readonly show: string;
};

/** Every reason that a problem document can carry. The source of docs/problems.md. */
export const PROBLEMS: Readonly<Record<Reason, ProblemRow>> = {
  user_unknown: {
    status: 403,
    title: 'Unknown user',
    retry: 'no',
    meaning: 'The user of the token does not exist any more.',
    show: 'Please sign in again.',
  },
  user_inactive: {
    status: 403,
    title: 'Account deactivated',
    retry: 'no',
    meaning: 'The account exists but may not order.',
    show: 'Your account is deactivated. Please contact us.',
  },
  product_unknown: {
    status: 422,
    title: 'Unknown product',
    retry: 'changed',
    meaning: 'A line names a product that does not exist; `facts.product_id` says which.',
    show: 'One of the items does not exist any more.',
  },
  product_inactive: {
    status: 422,
    title: 'Product not for sale',
    retry: 'changed',
    meaning: 'A line names a product that is not for sale; `facts.product_id` says which.',
    show: 'One of the items is not for sale at the moment.',
  },
  insufficient_stock: {
    status: 409,
    title: 'Not enough stock',
    retry: 'changed',
    meaning: 'Fewer units are available than asked for; `facts` names the product and what is available. Nothing was reserved.',
    show: 'There are not enough units of one of the items.',
  },
  payment_declined: {
    status: 402,
    title: 'Payment declined',
    retry: 'changed',
    meaning: 'The payment provider declined. Nothing was charged and the stock is free again.',
    show: 'Your payment was declined. Please use another payment method.',
  },
  payment_insufficient_funds: {
    status: 402,
    title: 'Insufficient funds',
    retry: 'changed',
    meaning: 'The payment provider found too little money. Nothing was charged and the stock is free again.',
    show: 'There are not enough funds. Please use another payment method.',
  },
  payment_expired_card: {
    status: 402,
    title: 'Card expired',
    retry: 'changed',
    meaning: 'The card behind the payment method has expired. Nothing was charged and the stock is free again.',
    show: 'Your card has expired. Please use another payment method.',
  },
  payment_method_invalid: {
    status: 402,
    title: 'Invalid payment method',
    retry: 'changed',
    meaning: 'The payment provider does not know the payment method. Nothing was charged and the stock is free again.',
    show: 'This payment method does not work. Please use another one.',
  },
  fraud_review: {
    status: 409,
    title: 'Held for review',
    retry: 'no',
    meaning:
      'The payment was held as suspicious, by our fraud check or by the payment provider, and the order was cancelled. Nothing was charged.',
    show: 'We could not accept this order. Please contact us.',
  },
  order_cancelled: {
    status: 409,
    title: 'Order cancelled',
    retry: 'no',
    meaning: 'The order was cancelled by request. Whatever was charged is refunded and the stock is free again.',
    show: 'This order was cancelled.',
  },
  hold_expired: {
    status: 409,
    title: 'Reservation expired',
    retry: 'changed',
    meaning: 'Paying took longer than the stock was held. Whatever was charged is refunded; order again.',
    show: 'This took too long. Please order again.',
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
      '400 when the body is not JSON, a cursor is not ours or a value cannot be, 413 when the body is too large, 415 when it is of another type, ' +
      '409 when a value that must be unique is taken.',
    show: 'Please check what you entered.',
  },
  illegal_transition: {
    status: 409,
    title: 'Not possible in this state',
    retry: 'no',
    meaning: 'The order is in a state that does not allow this; `facts` names the state and what was attempted.',
    show: 'This is not possible any more.',
  },
  return_exceeds_order: {
    status: 409,
    title: 'More returned than ordered',
    retry: 'changed',
    meaning: 'The return asks for units that were not ordered or are already back.',
    show: 'Please check the quantities that you return.',
  },
  refund_exceeds_capture: {
    status: 409,
    title: 'More refunded than paid',
    retry: 'no',
    meaning: 'The refund would exceed what was charged.',
    show: 'This refund is not possible.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    retry: 'changed',
    meaning:
      'The access token or the API key is missing, wrong or expired; at sign-in: e-mail or password is wrong; at a refresh: the ' +
      'refresh token is unknown, expired, revoked or was used before, which revokes all that came of its sign-in.',
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
    meaning: 'There is nothing here, or it belongs to somebody else. 405 when the path exists and the method does not.',
    show: 'We could not find this.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    retry: 'later',
    meaning: 'More requests than the tier allows; `Retry-After` says when the next one is admitted.',
    show: 'Please try again in a moment.',
  },
  quota_exceeded: {
    status: 429,
    title: 'Quota used up',
    retry: 'later',
    meaning:
      "The tier's monthly quota is used up, and `Retry-After` says when the next month begins; or there are as many webhooks as " +
      'may be.',
    show: 'Please try again later.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    retry: 'later',
    meaning:
      'A part that is needed does not answer; the same request with the same key goes on later. 409 when another request holds the ' +
      'same thing, 499 when the caller went away. Of an event stream also: too many are open. With `order_id` and `step`: the step ' +
      'gave up, the order was undone and cancelled; ' +
      'order again with a new key.',
    show: 'Please try again in a moment.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'No answer in time',
    retry: 'later',
    meaning: 'A part that is needed took too long. The request may have had its effect: repeat it with the same key.',
    show: 'Please try again in a moment.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    retry: 'later',
    meaning:
      'A fault of ours; `trace_id` finds it in the logs. Repeating with the same key is safe. 501 when it is not implemented.',
    show: 'Something went wrong on our side.',
  },
};
