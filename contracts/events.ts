/** Every type of event, and when it is emitted. A webhook may name the types that it wants. */
export const EVENTS = {
  'user.registered': 'A user was registered.',
  'user.deactivated': 'A user was deactivated.',
  'order.submitted': 'An order was taken; nothing is priced or reserved yet.',
  'order.created': 'Its lines are priced.',
  'order.reserved': 'Its stock is held.',
  'order.paid': 'It is paid and confirmed.',
  'order.shipped': 'It was handed to the carrier.',
  'order.delivered': 'It arrived.',
  'order.cancelled': 'It was refused or cancelled.',
  'order.returned': 'All its units were returned.',
  'return.requested': 'Units are to come back; `amount` is the refund.',
  'return.completed': 'They are back, and the refund is paid.',
  'payment.started': 'The provider is about to be asked for the money.',
  'payment.authorized': 'The provider holds the money.',
  'payment.processing': 'The provider is about to take it.',
  'payment.captured': 'The money was taken.',
  'payment.failed': 'No money was taken, and none will be.',
  'payment.voided': 'The provider released the money that it held.',
  'payment.refund_started': 'Money is on its way back; `amount` is that of the refund.',
  'payment.refunded': 'The refund is paid; `amount` is that of the refund.',
  'payment.refund_failed': 'The provider will not pay the refund; the money stays, or went back by another refund.',
  'payment.disputed': 'The customer disputes the charge with the bank.',
} as const;

export type EventType = keyof typeof EVENTS;

/** The types that a customer gets a mail about. */
export const NOTIFIED_EVENTS = [
  'order.paid',
  'order.cancelled',
  'order.shipped',
  'payment.refunded',
] as const satisfies readonly EventType[];
