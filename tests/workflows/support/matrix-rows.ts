/** How each call of the saga is refused and what it leaves: a new call does not compile without its row. */
import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { OrderInput } from '../../../contracts/order.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import type { ForwardCall } from '../../../testkit/saga-activities.ts';
import { QUANTITY, type RealShop, STOCK } from './real-shop.ts';

const LIMITS = { deadlineMs: 10_000 };

type Submitted = Pick<OrderInput, 'orderId' | 'userId' | 'lines'>;

type Row = {
  /** What the real service refuses it with, and what makes it do so. */
  readonly refusal: {
    readonly reason: Reason;
    readonly paymentMethod?: string;
    readonly provoke?: (shop: RealShop, order: Submitted) => Promise<unknown> | undefined;
    /** Differs from the books of an order whose call just did not happen. */
    readonly leaves?: object;
  };
  /** What a call is refused with that arrives when the order has been undone; null: it changes nothing and is answered. */
  readonly late: Reason | null;
  /** What the service has of the call besides all that the matrix looks at: how it is read, and what it is done and undone. */
  readonly trace?: {
    readonly read: (shop: RealShop, order: Submitted) => Promise<unknown>;
    readonly done: unknown;
    readonly undone: unknown;
  };
};

const ONE_LEFT = { stock: QUANTITY - 1, reserved: 0 };

// Its key was forbidden by its undo.
const TOMBSTONE: Reason = 'order_cancelled';

export const ROWS: Readonly<Record<ForwardCall, Row>> = {
  validateUser: {
    refusal: {
      reason: 'user_inactive',
      provoke: ({ clients }, { userId }) =>
        clients.users.calls.deactivateUser({ idempotencyKey: randomUUID(), userId, reason: 'asked to go' }, LIMITS),
    },
    late: null,
  },
  reserveInventory: {
    refusal: {
      reason: 'insufficient_stock',
      provoke: ({ clients }, { lines }) =>
        clients.products.calls.adjustStock(
          { idempotencyKey: randomUUID(), productId: lines[0]?.productId ?? '', delta: ONE_LEFT.stock - STOCK, reason: 'count' },
          LIMITS,
        ),
      leaves: { stock: ONE_LEFT },
    },
    late: TOMBSTONE,
  },
  createOrder: {
    refusal: {
      reason: 'validation_failed',
      provoke: ({ tamper }, { orderId }) =>
        tamper.orders('update order_lines set quantity = quantity + 1 where order_id = $1', orderId),
    },
    late: TOMBSTONE,
  },
  processPayment: {
    refusal: {
      reason: 'payment_declined',
      paymentMethod: 'tok_declined',
      leaves: { payment: { status: 'FAILED', captured: 0, refunded: 0 } },
    },
    late: TOMBSTONE,
  },
  confirmReservation: {
    refusal: {
      reason: 'hold_expired',
      provoke: ({ tamper }, { orderId }) =>
        tamper.products(`update reservations set expires_at = now() - interval '1 second' where order_id = $1`, orderId),
      // The sweeper and the undo both give back what ran out; either may be first.
      leaves: { reservation: expect.stringMatching(/^(expired|released)$/) },
    },
    late: 'hold_expired',
  },
  confirmOrder: {
    refusal: {
      reason: 'illegal_transition',
      provoke: ({ clients }, { orderId }) =>
        clients.orders.calls.cancelOrder(
          {
            idempotencyKey: randomUUID(),
            undoesKey: randomUUID(),
            orderId,
            reason: 'order_cancelled',
            failedStep: '',
            facts: {},
            actorId: '',
            note: '',
          },
          LIMITS,
        ),
      // The record keeps the first reason that it was given.
      leaves: { failure: { step: null, reason: 'order_cancelled', facts: {} } },
    },
    late: 'illegal_transition',
  },
};
