import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import pino from 'pino';
import type { ServiceCalls } from '../../../contracts/activities.ts';
import type { TestTemporal } from '../../../testkit/temporal.ts';
import { bundleWorkflows } from '../../../workers/bundle.ts';
import { createOrderWorker } from '../../../workers/order-worker.ts';
import { registerSearchAttributes } from '../../../workers/search-attributes.ts';
import { connectToServices } from '../../../workers/services.ts';
import type { Services } from './services.ts';

// Warnings of activities that fail on purpose would drown the tests' own words.
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });

/** A payment method that the provider takes for a good one, so that a test can name its own order by it. */
const OWN = /^tok_test_/;

/** The real workflow and activities on a task queue of their own; can stop and start like a worker that is deployed. */
export async function createTestWorker(options: { temporal: TestTemporal; taskQueue: string; services: Services }) {
  const { services, taskQueue } = options;
  const { address, namespace } = options.temporal;
  const connection = await NativeConnection.connect({ address });
  await registerSearchAttributes(connection, namespace, pino({ level: 'silent' }));
  const workflowBundle = await bundleWorkflows();
  const { users, products, orders, payments } = services;
  const connected = connectToServices({
    USERS_ADDRESS: users.direct,
    PRODUCTS_ADDRESS: products.direct,
    ORDERS_ADDRESS: orders.direct,
    PAYMENTS_ADDRESS: payments.direct,
  });
  const down = new Set<string>();
  const activities = withOutages(connected.activities, services, down);
  let running: { worker: Worker; done: Promise<void> } | undefined;

  return {
    /**
     * While a payment method is in here, paying with it fails and is tried again; `refund of` it: a refund cannot be made;
     * `answer to the confirmation of` it: its order becomes PAID and the saga does not hear of it; `hold of` it: its hold has
     * expired when the order is to be confirmed.
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
    async close() {
      connected.close();
      await connection.close();
    },
  };
}

/** The services' own activities, except that some of their calls or answers are lost on their way. */
function withOutages(calls: ServiceCalls, { orders, products }: Services, down: ReadonlySet<string>): ServiceCalls {
  const isDown = async (what: string, orderId: string) => {
    const [row] = await orders.sql<{ method: string }>('select payment_method as method from orders where id = $1', [orderId]);
    return down.has(`${what} of ${row?.method}`);
  };
  return {
    ...calls,
    async processPayment(input) {
      const { paymentMethod } = input;
      if (down.has(paymentMethod)) throw lost('connect ECONNREFUSED 127.0.0.1:9004');
      return calls.processPayment({ ...input, paymentMethod: OWN.test(paymentMethod) ? 'tok_ok' : paymentMethod });
    },
    async confirmReservation(input) {
      if (await isDown('hold', input.orderId)) {
        await products.sql(`update reservations set expires_at = now() - interval '1 second' where order_id = $1`, [
          input.orderId,
        ]);
      }
      return calls.confirmReservation(input);
    },
    async confirmOrder(input) {
      const answer = await calls.confirmOrder(input);
      if (await isDown('answer to the confirmation', input.orderId)) throw lost('the answer was lost');
      return answer;
    },
    async refundPayment(input) {
      if (await isDown('refund', input.orderId)) throw ApplicationFailure.nonRetryable('cannot be undone', 'unavailable');
      await calls.refundPayment(input);
    },
  };
}

function lost(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'unavailable', message });
}
