/** The cases of the replay corpus: how each brings an order to its end in a lab, and the end that it comes to. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import {
  cancelUpdate,
  deliverUpdate,
  requestReturnUpdate,
  resolveCompensationUpdate,
  retryCompensationUpdate,
  shipUpdate,
} from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refuse, type Scripts } from '../workflows/support/fake-activities.ts';
import { attributesOf, calledOnce, down } from '../workflows/support/looks.ts';
import type { OrderLab, PlacedOrder } from '../workflows/support/order-lab.ts';

type Case = {
  /** The result of the workflow. */
  readonly ends: object;
  /** Places an order and gives it its commands. */
  readonly run: (lab: OrderLab) => Promise<PlacedOrder>;
};

const BY = { actorId: randomUUID() };
const A_MOMENT_MS = 1_000;

const cancelled = (step: string | null, reason: string) => ({ status: 'cancelled', failure: { step, reason } });

export const CASES: Readonly<Record<string, Case>> = {
  closed: {
    ends: { status: 'closed' },
    run: (lab) => close(lab, {}),
  },
  'closed-fallback': {
    ends: { status: 'closed' },
    run: (lab) => close(lab, { reserveInventory: failOnce, createOrder: failOnce, confirmOrder: failOnce, shipOrder: failOnce }),
  },
  returned: {
    ends: { status: 'returned' },
    async run(lab) {
      const order = await confirm(lab);
      await ship(order);
      await deliver(order);
      for (const unit of order.input.lines) {
        const half = { productId: unit.productId, quantity: 1 };
        for (const returnId of [randomUUID(), randomUUID()]) {
          const command = { ...BY, returnId, lines: [half], reason: 'Too small' };
          await order.handle.executeUpdate(requestReturnUpdate, { args: [command] });
        }
      }
      return order;
    },
  },
  'cancelled-when-paid': {
    ends: cancelled(null, 'order_cancelled'),
    async run(lab) {
      const order = await confirm(lab);
      await cancel(order);
      return order;
    },
  },
  'cancelled-in-saga': {
    ends: cancelled(null, 'order_cancelled'),
    run: (lab) => whilePaying(lab, cancel),
  },
  'cancelled-by-temporal': {
    ends: cancelled(null, 'order_cancelled'),
    run: (lab) => whilePaying(lab, ({ handle }) => handle.cancel()),
  },
  'unknown-user': {
    ends: cancelled('ValidateUser', 'user_unknown'),
    run: async (lab) => lab.place({ validateUser: () => refuse('user_unknown') }),
  },
  'no-stock': {
    ends: cancelled('ReserveInventory', 'insufficient_stock'),
    run: async (lab) => lab.place({ reserveInventory: () => refuse('insufficient_stock', { available_quantity: '1' }) }),
  },
  declined: {
    ends: cancelled('ProcessPayment', 'payment_declined'),
    run: async (lab) => lab.place({ processPayment: () => refuse('payment_declined') }),
  },
  'hold-expired': {
    ends: cancelled('ConfirmOrder', 'hold_expired'),
    run: async (lab) => lab.place({ confirmReservation: () => refuse('hold_expired') }),
  },
  'given-up': {
    ends: cancelled('ProcessPayment', 'unavailable'),
    async run(lab) {
      const gate = lab.gate();
      return lab.place({ processPayment: () => gate.passed }, { stepLimitMs: A_MOMENT_MS });
    },
  },
  'undo-retried': {
    ends: cancelled('ProcessPayment', 'payment_declined'),
    run: async (lab) =>
      lab.place({ processPayment: () => refuse('payment_declined'), releaseInventory: (nth) => (nth <= 3 ? down() : undefined) }),
  },
  'parked-retried': {
    ends: cancelled('ConfirmOrder', 'hold_expired'),
    async run(lab) {
      const order = await park(lab, (nth) => (nth === 1 ? broken() : undefined));
      await order.handle.executeUpdate(retryCompensationUpdate, { args: [{ ...BY, reason: 'The provider is back' }] });
      return order;
    },
  },
  'parked-resolved': {
    ends: cancelled('ConfirmOrder', 'hold_expired'),
    async run(lab) {
      const order = await park(lab, broken);
      const command = { ...BY, step: 'ProcessPayment', reason: 'Refunded at the desk', reference: '4711' } as const;
      await order.handle.executeUpdate(resolveCompensationUpdate, { args: [command] });
      return order;
    },
  },
};

async function confirm(lab: OrderLab, scripts: Scripts = {}, returnWindowMs?: number): Promise<PlacedOrder> {
  const order = lab.place(scripts, returnWindowMs === undefined ? {} : { returnWindowMs });
  await order.outcome;
  return order;
}

async function close(lab: OrderLab, scripts: Scripts): Promise<PlacedOrder> {
  const order = await confirm(lab, scripts, A_MOMENT_MS);
  await ship(order);
  await deliver(order);
  return order;
}

const ship = ({ handle }: PlacedOrder) =>
  handle.executeUpdate(shipUpdate, { args: [{ ...BY, carrier: 'DHL', trackingNumber: '0034' }] });
const deliver = ({ handle }: PlacedOrder) => handle.executeUpdate(deliverUpdate, { args: [BY] });
const cancel = ({ handle }: PlacedOrder) => handle.executeUpdate(cancelUpdate, { args: [{ ...BY, reason: 'Too late' }] });

/** The command comes while the payment is on its way. */
async function whilePaying(lab: OrderLab, command: (order: PlacedOrder) => Promise<unknown>): Promise<PlacedOrder> {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed });
  await calledOnce(order, 'processPayment');
  await command(order);
  return order;
}

async function park(lab: OrderLab, refundPayment: (nth: number) => undefined): Promise<PlacedOrder> {
  const order = lab.place({ confirmReservation: () => refuse('hold_expired'), refundPayment });
  await eventually(
    () => attributesOf(order).catch(() => undefined),
    (attributes) => attributes?.NeedsAttention === true,
  );
  return order;
}

const failOnce = (nth: number) => (nth === 1 ? down() : undefined);

/** No retry mends it, so the round of undos ends immediately. */
function broken(): never {
  throw ApplicationFailure.nonRetryable('cannot be undone');
}
