/** The mails to customers, by type of event. Plain words, and no internal detail. */
import type { NOTIFIED_EVENTS } from '../../contracts/events.ts';
import { isReason, type Reason } from '../../contracts/reasons.ts';
import { formatAmount } from '../../platform/money/currencies.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';

export type MailText = { readonly subject: string; readonly text: string };

/** Undefined: there is no mail about this type. */
export function mailTextOf(event: Event): MailText | undefined {
  return BY_TYPE.get(event.type)?.(event);
}

const TEXTS = {
  'order.paid': (event: Event) => ({
    subject: 'Your order is confirmed',
    text: lines(
      `Thank you: your order ${event.orderId} is paid and confirmed.`,
      event.amount && `Amount: ${formatAmount(event.amount)}`,
      'We write again when it is on its way.',
    ),
  }),
  'order.cancelled': (event: Event) =>
    event.facts.reason === 'order_cancelled'
      ? { subject: 'Your order is cancelled', text: lines(`Your order ${event.orderId} is cancelled.`, UNPAID) }
      : {
          subject: 'Your order could not be accepted',
          text: lines(`We could not accept your order ${event.orderId}.`, `Reason: ${reasonOf(event.facts.reason)}`, UNPAID),
        },
  'order.shipped': (event: Event) => ({
    subject: 'Your order is on its way',
    text: lines(
      `Your order ${event.orderId} has left our house.`,
      event.facts.carrier && `Carrier: ${event.facts.carrier}`,
      event.facts.tracking_number && `Tracking number: ${event.facts.tracking_number}`,
    ),
  }),
  'payment.refunded': (event: Event) => ({
    subject: 'Your refund',
    text: lines(
      `We have refunded money of your order ${event.orderId}.`,
      event.amount && `Amount: ${formatAmount(event.amount)}`,
      'Your bank may take some days to show it.',
    ),
  }),
} satisfies Record<(typeof NOTIFIED_EVENTS)[number], (event: Event) => MailText>;

// A type's name comes from outside, and an object has more names than its own.
const BY_TYPE: ReadonlyMap<string, (event: Event) => MailText> = new Map(Object.entries(TEXTS));

const UNPAID = 'You pay nothing for it. Had anything been charged, it is given back, and we write to you of that.';

/** Absent lines are left out. */
function lines(...all: readonly (string | undefined)[]): string {
  return `${all.filter((line) => line).join('\n')}\n`;
}

const OURS = 'something went wrong on our side';
const CARD = 'the payment was declined';

const REASONS: Readonly<Record<Reason, string>> = {
  user_unknown: 'your account was not found',
  user_inactive: 'your account is not active',
  product_unknown: 'a product is not in our catalogue',
  product_inactive: 'a product is not on sale',
  insufficient_stock: 'a product is out of stock',
  payment_declined: CARD,
  payment_insufficient_funds: 'the payment was declined for lack of funds',
  payment_expired_card: 'the card has expired',
  payment_method_invalid: 'the payment method is not valid',
  // A fraudster learns nothing from it.
  fraud_review: CARD,
  order_cancelled: 'it was cancelled',
  email_taken: OURS,
  sku_taken: OURS,
  conflict: OURS,
  hold_expired: 'the payment took too long, and the products could not be kept any longer',
  idempotency_key_missing: OURS,
  idempotency_key_reused: OURS,
  validation_failed: 'something in the order is not valid',
  illegal_transition: OURS,
  return_exceeds_order: OURS,
  refund_exceeds_capture: OURS,
  unauthenticated: OURS,
  forbidden: OURS,
  not_found: OURS,
  rate_limited: OURS,
  quota_exceeded: OURS,
  overloaded: OURS,
  unavailable: OURS,
  deadline_exceeded: OURS,
  internal: OURS,
};

function reasonOf(reason: string | undefined): string {
  return reason && isReason(reason) ? REASONS[reason] : OURS;
}
