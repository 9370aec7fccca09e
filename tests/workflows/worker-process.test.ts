/** workers/main.ts as it is deployed: killed in the middle of orders, and stopped in the middle of one. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stepKey } from '../../contracts/ids.ts';
import { ORDER_WORKFLOW_TYPE, type OrderOutcome, OUTCOME_UPDATE_ID, outcomeUpdate } from '../../contracts/order.ts';
import { startOrderOptions } from '../../contracts/start-order.ts';
import { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { eventually } from '../../testkit/eventually.ts';
import { startFakeServices } from '../../testkit/fakes/services.ts';
import { createTestTemporal, type TestTemporal } from '../../testkit/temporal.ts';
import { startWorkerProcess } from './support/worker-process.ts';

const EURO = { amountMinor: 1_000, currency: 'EUR' };
const TOTALS = { subtotal: EURO, tax: EURO, shipping: EURO, total: EURO };

type Request = { readonly idempotencyKey: string; readonly orderId: string };

/** Services that accept everything, remember under which keys, and let a first call under some keys wait. */
function createServices() {
  const arrivals: string[] = [];
  const waits = new Map<string, Promise<void>>();
  async function arrive({ idempotencyKey: key }: Request): Promise<void> {
    arrivals.push(key);
    const wait = waits.get(key);
    waits.delete(key);
    await wait;
  }
  async function accept(request: Request) {
    await arrive(request);
    return {};
  }
  return {
    handlers: {
      users: { validateUser: async ({ userId }: { userId: string }) => ({ userId }) },
      products: {
        async reserveInventory(request: Request) {
          await arrive(request);
          return { lines: [{ productId: 'p', quantity: 1, unitPrice: EURO }], expiresAt: undefined };
        },
        confirmReservation: accept,
      },
      orders: {
        async createOrder(request: Request) {
          await arrive(request);
          return { totals: TOTALS };
        },
        async confirmOrder(request: Request) {
          await arrive(request);
          return { order: Order.fromPartial({ totals: TOTALS }) };
        },
      },
      payments: {
        async processPayment(request: Request) {
          await arrive(request);
          return { paymentId: `payment-of-${request.orderId}` };
        },
      },
    },
    /** The first call under this key waits until the returned function is called. */
    holdFirst(key: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      waits.set(key, promise);
      return resolve;
    },
    arrived: (key: string) => eventually(async () => arrivals.includes(key), Boolean),
    callsUnder: (key: string) => arrivals.filter((arrived) => arrived === key).length,
    keysOf: (orderId: string) => [...new Set(arrivals.filter((key) => key.includes(orderId)))],
  };
}

let temporal: TestTemporal;
let services: ReturnType<typeof createServices>;
let servers: Awaited<ReturnType<typeof startFakeServices>>;

beforeAll(async () => {
  temporal = await createTestTemporal();
  services = createServices();
  servers = await startFakeServices(services.handlers);
});

afterAll(async () => {
  await servers.close();
  await temporal.close();
});

async function startReadyWorker() {
  const worker = await startWorkerProcess({
    TEMPORAL_ADDRESS: temporal.address,
    USERS_ADDRESS: servers.users,
    PRODUCTS_ADDRESS: servers.products,
    ORDERS_ADDRESS: servers.orders,
    PAYMENTS_ADDRESS: servers.payments,
  });
  await eventually(worker.readiness, (status) => status === 200);
  return worker;
}

async function start(orderId: string) {
  const input = {
    orderId,
    userId: randomUUID(),
    lines: [{ productId: randomUUID(), quantity: 1 }],
    paymentMethod: 'tok_ok',
    submittedAt: '2026-01-01T00:00:00.000Z',
    stepLimitMs: 60_000,
    returnWindowMs: 60_000,
  };
  const handle = await temporal.client.workflow.start(ORDER_WORKFLOW_TYPE, {
    ...startOrderOptions(input),
    // The server notices a dead worker when this is over; shorter than the default of 10 s for the test's sake.
    workflowTaskTimeout: '2 seconds',
  });
  return {
    outcome: (): Promise<OrderOutcome> => handle.executeUpdate(outcomeUpdate, { updateId: OUTCOME_UPDATE_ID }),
  };
}

function keysOfAConfirmedOrder(orderId: string): string[] {
  return ['reserve', 'create', 'pay', 'confirm-stock', 'confirm-order'].map((step) => `saga:${orderId}:${step}`);
}

test('orders in the middle of a step when their worker is killed are finished by another one, each thing done once', async () => {
  const [reserving, paying] = [randomUUID(), randomUUID()];
  const first = await startReadyWorker();
  const release = [services.holdFirst(stepKey(reserving, 'reserve')), services.holdFirst(stepKey(paying, 'pay'))];
  const orders = await Promise.all([start(reserving), start(paying)]);
  await services.arrived(stepKey(reserving, 'reserve'));
  await services.arrived(stepKey(paying, 'pay'));

  await first.kill();
  for (const open of release) open();
  const second = await startReadyWorker();

  for (const order of orders) expect(await order.outcome()).toMatchObject({ status: 'confirmed' });
  // Asked twice under the same key, which is what makes it happen once.
  expect(services.callsUnder(stepKey(reserving, 'reserve'))).toBe(2);
  expect(services.callsUnder(stepKey(paying, 'pay'))).toBe(2);
  expect(services.keysOf(reserving)).toEqual(keysOfAConfirmedOrder(reserving));
  expect(services.keysOf(paying)).toEqual(keysOfAConfirmedOrder(paying));
  await second.stop();
});

test('a worker that is asked to stop finishes the call in flight and exits cleanly, and the next one goes on', async () => {
  const orderId = randomUUID();
  const first = await startReadyWorker();
  const release = services.holdFirst(stepKey(orderId, 'pay'));
  const order = await start(orderId);
  await services.arrived(stepKey(orderId, 'pay'));

  const stopped = first.stop();
  await eventually(
    () => first.readiness().catch(() => 0),
    (status) => status !== 200,
  );
  release();
  expect(await stopped).toBe(0);
  const second = await startReadyWorker();

  expect(await order.outcome()).toMatchObject({ status: 'confirmed' });
  expect(services.callsUnder(stepKey(orderId, 'pay'))).toBe(1);
  await second.stop();
});
