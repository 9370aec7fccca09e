import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import pino from 'pino';
import { v7 as uuid } from 'uuid';
import { confirmedOrderFrom } from '../../../activities/confirmed-order.ts';
import type { OrderLifeActivities, Refusal, ServiceCalls } from '../../../contracts/activities.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import type { StepName } from '../../../contracts/saga-steps.ts';
import { answeredBy, isForward } from '../../../testkit/saga-activities.ts';
import type { TestTemporal } from '../../../testkit/temporal.ts';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import { createOrderWorker } from '../../../workers/order-worker.ts';
import { registerSearchAttributes } from '../../../workers/search-attributes.ts';
import { type FakeOrders, UNIT_PRICE } from './fake-orders.ts';

// Warnings of activities that fail on purpose would drown the tests' own words.
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });

type Refused = { readonly step: StepName; readonly reason: Reason; readonly facts?: Refusal['facts'] };

/** The payment methods of orders that are refused. */
const REFUSED: Readonly<Record<string, Refused>> = {
  tok_declined: { step: 'ProcessPayment', reason: 'payment_declined' },
  tok_test_no_stock: {
    step: 'ReserveInventory',
    reason: 'insufficient_stock',
    facts: { product_id: 'the product', available_quantity: '3' },
  },
  tok_test_unknown_product: { step: 'ReserveInventory', reason: 'product_unknown', facts: { product_id: 'the product' } },
  tok_test_inactive_user: { step: 'ValidateUser', reason: 'user_inactive' },
  tok_test_unrefundable: { step: 'ConfirmOrder', reason: 'hold_expired' },
  tok_test_gave_up: { step: 'ProcessPayment', reason: 'unavailable' },
};

/** The real workflow on its own task queue, over services from memory; can stop and start like a worker that is deployed. */
export async function createTestWorker(options: { temporal: TestTemporal; taskQueue: string; orders: FakeOrders }) {
  const { orders, taskQueue } = options;
  const { address, namespace } = options.temporal;
  const connection = await NativeConnection.connect({ address });
  await registerSearchAttributes(connection, namespace, pino({ level: 'silent' }));
  const workflowBundle = await bundleWorkflows();
  const down = new Set<string>();
  const activities = createActivities(orders, down);
  let running: { worker: Worker; done: Promise<void> } | undefined;

  return {
    /**
     * While a payment method is in here, paying with it fails and is tried again; `refund of` it: a refund cannot be made;
     * `confirmation of` it: its order becomes PAID and the saga does not hear of it.
     */
    down,
    async start() {
      const settings = { shutdownGraceTime: '1 second' };
      const worker = await createOrderWorker({ connection, namespace, taskQueue, workflowBundle, activities, settings });
      running = { worker, done: worker.run() };
    },
    async stop() {
      running?.worker.shutdown();
      await running?.done;
      running = undefined;
    },
    close: () => connection.close(),
  };
}

function createActivities(orders: FakeOrders, down: ReadonlySet<string>): ServiceCalls {
  function refusalAt(step: StepName, paymentMethod: string | undefined): Refusal | undefined {
    const refused = REFUSED[paymentMethod ?? ''];
    return refused?.step === step ? { ok: false, reason: refused.reason, facts: refused.facts ?? {} } : undefined;
  }
  const methodOf = (orderId: string) => orders.orders.get(orderId)?.paymentMethod;

  return {
    ...answeredBy(async (call) => (isForward(call) ? { ok: true } : undefined)),
    async validateUser({ userId }) {
      const newest = [...orders.orders.values()].findLast((order) => order.userId === userId);
      return refusalAt('ValidateUser', newest?.paymentMethod) ?? { ok: true };
    },
    async reserveInventory({ orderId, lines }) {
      const priced = lines.map((line) => ({ ...line, unitPrice: UNIT_PRICE }));
      return refusalAt('ReserveInventory', methodOf(orderId)) ?? { ok: true, lines: priced };
    },
    async createOrder({ orderId }) {
      return { ok: true, total: orders.price(orderId) };
    },
    async processPayment({ paymentMethod }) {
      if (down.has(paymentMethod)) {
        throw ApplicationFailure.create({ type: 'unavailable', message: 'connect ECONNREFUSED 127.0.0.1:9004' });
      }
      return refusalAt('ProcessPayment', paymentMethod) ?? { ok: true, paymentId: uuid() };
    },
    async confirmReservation({ orderId }) {
      return refusalAt('ConfirmOrder', methodOf(orderId)) ?? { ok: true };
    },
    async confirmOrder({ orderId, paymentId }) {
      const order = confirmedOrderFrom(orders.confirm(orderId, paymentId));
      if (down.has(`confirmation of ${methodOf(orderId)}`)) {
        throw ApplicationFailure.create({ type: 'unavailable', message: 'the answer was lost' });
      }
      return { ok: true, order };
    },
    ...createLife(orders),
    async refundPayment({ orderId }) {
      if (down.has(`refund of ${methodOf(orderId)}`)) throw ApplicationFailure.nonRetryable('cannot be undone', 'unavailable');
    },
    async cancelOrder({ orderId, failedStep, reason }) {
      orders.cancel(orderId, failedStep, reason, REFUSED[methodOf(orderId) ?? '']?.facts);
    },
  };
}

/** What follows a confirmed order, in the record of orders from memory. */
function createLife(orders: FakeOrders): OrderLifeActivities {
  return {
    commitReservation: async () => ({ ok: true }),
    async shipOrder({ orderId, carrier, trackingNumber }) {
      const shipment = { carrier, trackingNumber, shippedAt: new Date(), deliveredAt: undefined };
      orders.move(orderId, 'ORDER_STATUS_SHIPPED').shipment = shipment;
      return { ok: true };
    },
    async deliverOrder({ orderId, deliveredAt }) {
      const future = deliveredAt !== undefined && Date.parse(deliveredAt) > Date.now();
      const facts = { field: 'deliveredAt', description: 'must not be in the future' };
      if (future) return { ok: false, reason: 'validation_failed', facts };
      orders.move(orderId, 'ORDER_STATUS_DELIVERED');
      return { ok: true };
    },
    requestReturn: async ({ lines }) => ({ ok: true, refund: UNIT_PRICE, lines, completesOrder: true }),
    async refundReturn() {},
    async restockReturn() {},
    async completeReturn({ orderId }) {
      orders.move(orderId, 'ORDER_STATUS_RETURNED');
    },
    async recordIntervention() {},
  };
}
