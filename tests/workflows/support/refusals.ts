/** What makes the real services refuse each call, and what it leaves in the books beside the order's own traces. */
import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { OrderInput } from '../../../contracts/order.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import { OrderStatus } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import type { ForwardCall } from './matrix-rows.ts';
import { QUANTITY, type RealShop, STOCK } from './real-shop.ts';

const LIMITS = { deadlineMs: 10_000 };

type Submitted = Pick<OrderInput, 'orderId' | 'userId' | 'lines'>;

type RefusalRow = {
  readonly reason: Reason;
  readonly paymentMethod: string;
  readonly provoke: (shop: RealShop, order: Submitted) => Promise<unknown> | undefined;
  /** Differs from an order whose call just did not happen. */
  readonly leaves: object;
};

const ONE_LEFT = { stock: QUANTITY - 1, reserved: 0 };

export const REFUSALS: Readonly<Record<ForwardCall, RefusalRow>> = {
  validateUser: {
    reason: 'user_inactive',
    paymentMethod: 'tok_ok',
    provoke: ({ tamper }, { userId }) => tamper.users('update users set active = false where id = $1', userId),
    leaves: {},
  },
  reserveInventory: {
    reason: 'insufficient_stock',
    paymentMethod: 'tok_ok',
    provoke: ({ clients }, { lines }) =>
      clients.products.calls.adjustStock(
        { idempotencyKey: randomUUID(), productId: lines[0]?.productId ?? '', delta: ONE_LEFT.stock - STOCK, reason: 'count' },
        LIMITS,
      ),
    leaves: { stock: ONE_LEFT },
  },
  createOrder: {
    reason: 'validation_failed',
    paymentMethod: 'tok_ok',
    provoke: ({ tamper }, { orderId }) =>
      tamper.orders('update order_lines set quantity = quantity + 1 where order_id = $1', orderId),
    leaves: {},
  },
  processPayment: {
    reason: 'payment_declined',
    paymentMethod: 'tok_declined',
    provoke: () => undefined,
    leaves: { payment: { status: 'FAILED', captured: 0, refunded: 0 } },
  },
  confirmReservation: {
    reason: 'hold_expired',
    paymentMethod: 'tok_ok',
    provoke: ({ tamper }, { orderId }) =>
      tamper.products(`update reservations set expires_at = now() - interval '1 second' where order_id = $1`, orderId),
    // The sweeper and the undo both give back what ran out; either may be first.
    leaves: { reservation: expect.stringMatching(/^(expired|released)$/) },
  },
  confirmOrder: {
    reason: 'illegal_transition',
    paymentMethod: 'tok_ok',
    provoke: ({ clients }, { orderId }) =>
      clients.orders.calls.updateOrderStatus(
        {
          idempotencyKey: randomUUID(),
          orderId,
          status: OrderStatus.ORDER_STATUS_CANCELLED,
          reason: 'order_cancelled',
        },
        LIMITS,
      ),
    // The record keeps the first reason that it was given.
    leaves: { failure: { step: null, reason: 'order_cancelled', facts: {} } },
  },
};
