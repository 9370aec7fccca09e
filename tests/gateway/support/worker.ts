import { fileURLToPath } from 'node:url';
import { isGrpcServiceError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { v7 as uuid } from 'uuid';
import { type OrderFailure, type OrderInput, type OrderOutcome, SEARCH_ATTRIBUTES } from '../../../contracts/order.ts';
import type { TestTemporal } from '../../support/temporal.ts';
import type { FakeOrders } from './fake-orders.ts';

export type StandInActivities = { processPayment(input: OrderInput): Promise<OrderOutcome> };

/** What an order's saga comes to, by its payment method. */
const REFUSALS: Readonly<Record<string, OrderFailure>> = {
  tok_declined: { step: 'ProcessPayment', reason: 'payment_declined', facts: {} },
  tok_test_no_stock: {
    step: 'ReserveInventory',
    reason: 'insufficient_stock',
    facts: { product_id: 'the product', available_quantity: '3' },
  },
  tok_test_unknown_product: { step: 'ReserveInventory', reason: 'product_unknown', facts: { product_id: 'the product' } },
  tok_test_inactive_user: { step: 'ValidateUser', reason: 'user_inactive', facts: {} },
  tok_test_gave_up: { step: 'ProcessPayment', reason: 'unavailable', facts: {} },
};

/** Runs orders on their own task queue; can stop and start like a worker that is deployed. */
export async function createTestWorker(options: { temporal: TestTemporal; taskQueue: string; orders: FakeOrders }) {
  const { orders, temporal } = options;
  const connection = await NativeConnection.connect({ address: temporal.address });
  await registerSearchAttributes(temporal);
  const down = new Set<string>();
  let running: { worker: Worker; done: Promise<void> } | undefined;

  const activities: StandInActivities = {
    async processPayment({ orderId, paymentMethod }) {
      if (down.has(paymentMethod)) throw new Error('connect ECONNREFUSED 127.0.0.1:9004');
      const refusal = REFUSALS[paymentMethod];
      if (refusal) {
        orders.cancel(orderId, refusal.step, refusal.reason);
        return { status: 'cancelled', failure: refusal };
      }
      orders.price(orderId);
      const paymentId = uuid();
      orders.confirm(orderId, paymentId);
      return { status: 'confirmed', paymentId };
    },
  };

  return {
    /** While down, orders with this payment method retry. */
    down,
    async start() {
      const worker = await Worker.create({
        connection,
        taskQueue: options.taskQueue,
        workflowsPath: fileURLToPath(new URL('./order-workflow.ts', import.meta.url)),
        activities,
        shutdownGraceTime: '1 second',
      });
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

/** As a worker does at its start; each of several may be the first. */
async function registerSearchAttributes({ connection, namespace }: TestTemporal): Promise<void> {
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name, type }) => [name, INDEXED_TYPES[type]]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch((error: unknown) => {
    if (!isGrpcServiceError(error) || error.code !== ALREADY_EXISTS) throw error;
  });
}

// temporal.api.enums.v1.IndexedValueType
const INDEXED_TYPES = { KEYWORD: 2, BOOL: 5 } as const;
// google.rpc.Code
const ALREADY_EXISTS = 6;
