/** A transition of a payment as it is kept: a row of the history and the event that it emits. */
import type { PaymentEventType, PaymentStatus } from './payment-status.ts';
import { PaymentEventSchema, PaymentHistorySchema, type PaymentRow, type RefundRow } from './tables.ts';

export class PaymentEvent extends PaymentEventSchema.class {}
PaymentEventSchema.setClass(PaymentEvent);

export class PaymentHistory extends PaymentHistorySchema.class {}
PaymentHistorySchema.setClass(PaymentHistory);

/** An event of a payment that is no transition. */
export function paymentEvent(
  payment: PaymentRow,
  { type, at }: { readonly type: PaymentEventType; readonly at: Date },
): PaymentEvent {
  const event = new PaymentEvent();
  event.type = type;
  event.orderId = payment.orderId;
  event.userId = payment.userId;
  event.at = at;
  event.amountMinor = payment.amountMinor;
  event.currency = payment.currency;
  event.facts = { payment_id: payment.id };
  return event;
}

export type Transition = {
  readonly to: PaymentStatus;
  readonly event: PaymentEventType;
  readonly at: Date;
  /** Why it failed or was voided. */
  readonly reason?: string | undefined;
  /** The refund that the transition starts or ends; the event reports its amount and its reason. */
  readonly refund?: RefundRow | undefined;
};

/** The history row, with its event; adding it to the payment's history stores both. */
export function historyEntry(payment: PaymentRow, { to, event: type, at, reason, refund }: Transition): PaymentHistory {
  const why = refund?.reason ?? reason;
  const event = paymentEvent(payment, { type, at });
  if (refund) event.amountMinor = refund.amountMinor;
  if (why !== undefined) event.facts = { ...event.facts, reason: why };
  const entry = new PaymentHistory();
  entry.status = to;
  entry.reason = why ?? null;
  entry.refund = refund ?? null;
  entry.event = event;
  entry.at = at;
  return entry;
}
