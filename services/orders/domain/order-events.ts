import type { OrderStatus } from './order-status.ts';

/** Every event that orders emits. */
export const ORDER_EVENTS = [
  'order.submitted',
  'order.created',
  'order.reserved',
  'order.paid',
  'order.shipped',
  'order.delivered',
  'order.cancelled',
  'order.returned',
  'return.requested',
  'return.completed',
] as const;

export type OrderEventType = (typeof ORDER_EVENTS)[number];

/** The event of each transition, by the status that it leads to. */
export const EVENT_OF_STATUS = {
  SUBMITTED: 'order.submitted',
  CREATED: 'order.created',
  RESERVED: 'order.reserved',
  PAID: 'order.paid',
  SHIPPED: 'order.shipped',
  DELIVERED: 'order.delivered',
  CANCELLED: 'order.cancelled',
  RETURNED: 'order.returned',
} as const satisfies Record<OrderStatus, OrderEventType>;

/** Facts of an event that are safe to show. Never free text of a person. */
export type EventFacts = Partial<
  Readonly<Record<'reason' | 'failed_step' | 'payment_id' | 'carrier' | 'tracking_number' | 'return_id', string>>
>;
