import type { Reason } from '../../../contracts/reasons.ts';
import type { ProblemRow } from './row.ts';

/** Reasons that refuse an order or a command to one. */
export const ORDER_PROBLEMS = {
  user_unknown: {
    status: 403,
    title: 'Unknown user',
    retry: 'no',
    meaning: 'The user of the token no longer exists.',
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
    show: 'One of the items no longer exists.',
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
    meaning: 'The order was cancelled by request. The charge is refunded and the stock is free again.',
    show: 'This order was cancelled.',
  },
  hold_expired: {
    status: 409,
    title: 'Reservation expired',
    retry: 'changed',
    meaning: 'Paying took longer than the stock was held. The charge is refunded; order again.',
    show: 'This took too long. Please order again.',
  },
  illegal_transition: {
    status: 409,
    title: 'Not possible in this state',
    retry: 'no',
    meaning: 'The order is in a state that does not allow this; `facts` names the state and what was attempted.',
    show: 'This is no longer possible.',
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
} as const satisfies Partial<Record<Reason, ProblemRow>>;
