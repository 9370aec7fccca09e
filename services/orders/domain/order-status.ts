import { refused } from './errors.ts';

export const ORDER_STATUSES = [
  'SUBMITTED',
  'CREATED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The statuses that may follow each status; a status without followers is final. */
export const NEXT_STATUSES: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  SUBMITTED: ['CREATED', 'CANCELLED'],
  CREATED: ['RESERVED', 'CANCELLED'],
  RESERVED: ['PAID', 'CANCELLED'],
  PAID: ['SHIPPED', 'CANCELLED'],
  SHIPPED: ['DELIVERED', 'RETURNED'],
  DELIVERED: ['RETURNED'],
  CANCELLED: [],
  RETURNED: [],
};

/** Refuses an illegal move with both statuses (OR1). */
export function requireTransition(current: OrderStatus, attempted: OrderStatus): void {
  if (NEXT_STATUSES[current].includes(attempted)) return;
  throw refused('illegal_transition', `An order that is ${current} cannot become ${attempted}`, {
    current_status: current,
    attempted_status: attempted,
  });
}
