import type { OrderStatus } from '../order-status.ts';

/** One status change of an order, or one step of a return. */
export type Effect = {
  readonly sequence: string;
  readonly kind: OrderStatus | 'return_requested' | 'return_completed';
  readonly orderId: string;
  readonly userId: string;
  /** Of a status change: the payment, empty before it is paid. Of a return: its id. */
  readonly reference: string;
  /** Of a status change: the total, null for an order without prices. Of a return: its refund. */
  readonly amountMinor: string | null;
  readonly currency: string | null;
  readonly atMicros: string;
  readonly at: Date;
};

export type EffectsPage = { readonly since?: Date | undefined; readonly pageSize: number; readonly cursor: string };

/** One page, oldest first. An empty cursor begins the list; an empty next cursor ends it. */
export type ListEffects = (page: EffectsPage) => Promise<{ readonly effects: Effect[]; readonly nextCursor: string }>;
