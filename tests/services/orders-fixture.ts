import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { returnKey, stepKey, undoKey } from '../../contracts/ids.ts';
import { loadConfig } from '../../platform/config/load.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createClient, type UnaryCalls } from '../../platform/rpc/client.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import {
  type CancelOrderRequest,
  type ConfirmOrderRequest,
  type CreateOrderRequest,
  type DeliverOrderRequest,
  type ListOrdersRequest,
  type Order,
  OrdersServiceService,
  type RequestReturnRequest,
  type ShipOrderRequest,
  type SubmitOrderRequest,
} from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { ordersConfig } from '../../services/orders/config.ts';
import { startOrders } from '../../services/orders/server.ts';
import { createDatabase } from '../../testkit/database.ts';

export const LIMITS = { deadlineMs: 10_000 };

export type OrderCalls = UnaryCalls<typeof OrdersServiceService>;
export type OrdersFixture = Awaited<ReturnType<typeof openOrders>>;

/** The real service on a database of its own, and a look into that database. */
export async function openOrders(environment: Record<string, string> = {}) {
  const database = await createDatabase('orders');
  const look = new pg.Client({ connectionString: database.url });
  // Tests may take the database away.
  look.on('error', () => {});
  await look.connect();
  let running = await start();
  let client = connect(running);

  async function start(): Promise<Running> {
    return startOrders(
      loadConfig(ordersConfig, {
        ORDERS_PORT: '0',
        ORDERS_HTTP_PORT: '0',
        ORDERS_DATABASE_URL: database.url,
        LOG_LEVEL: 'fatal',
        ...environment,
      }),
    );
  }
  return {
    get calls() {
      return client.orders.calls;
    },
    get outbox() {
      return client.outbox.calls;
    },
    httpPort: () => running.listening.http ?? 0,
    address: () => `127.0.0.1:${running.listening.grpc}`,
    url: database.url,
    async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await look.query<Row>(text, values)).rows;
    },
    async restart() {
      client.close();
      await running.stop();
      running = await start();
      client = connect(running);
    },
    takeDatabaseAway: database.takeAway,
    async close() {
      client.close();
      await running.stop();
      await look.end();
      await database.drop();
    },
  };
}

function connect(running: Running) {
  const address = `127.0.0.1:${running.listening.grpc}`;
  const [orders, outbox] = [
    createClient(OrdersServiceService, { target: address }),
    createClient(OutboxServiceService, { target: address }),
  ];
  return {
    orders,
    outbox,
    close() {
      for (const client of [orders, outbox]) client.close();
    },
  };
}

export const ADDRESS = {
  line1: 'Große Straße 1',
  line2: 'c/o Ørsted',
  city: 'Zürich',
  region: 'ZH',
  postalCode: '8001',
  country: 'CH',
};

export function submission(given: Partial<SubmitOrderRequest> = {}): SubmitOrderRequest {
  return {
    idempotencyKey: randomUUID(),
    clientId: 'web-shop',
    userId: randomUUID(),
    lines: [
      { productId: randomUUID(), quantity: 2 },
      { productId: randomUUID(), quantity: 1 },
    ],
    paymentMethod: 'tok_ok',
    shippingAddress: ADDRESS,
    ...given,
  };
}

export async function submitted(calls: OrderCalls, given: Partial<SubmitOrderRequest> = {}): Promise<Order> {
  const { order } = await calls.submitOrder(submission(given), LIMITS);
  if (!order) throw new Error('An order was expected');
  return order;
}

export async function reserved(calls: OrderCalls, given: Partial<SubmitOrderRequest> = {}): Promise<Order> {
  const order = await submitted(calls, given);
  await calls.createOrder(creation(order), LIMITS);
  return read(calls, order.id);
}

export async function paid(calls: OrderCalls): Promise<Order> {
  const order = await reserved(calls);
  await calls.confirmOrder(confirmation(order), LIMITS);
  return read(calls, order.id);
}

export async function ship({ calls }: Pick<OrdersFixture, 'calls'>, order: Pick<Order, 'id'>): Promise<void> {
  await calls.shipOrder(dispatch(order, { idempotencyKey: randomUUID() }), LIMITS);
}

export function dispatch(order: Pick<Order, 'id'>, given: Partial<ShipOrderRequest> = {}): ShipOrderRequest {
  return {
    idempotencyKey: `ship:${order.id}`,
    orderId: order.id,
    carrier: 'DHL',
    trackingNumber: 'JD014600003RU',
    actorId: '',
    ...given,
  };
}

export function delivery(order: Pick<Order, 'id'>, given: Partial<DeliverOrderRequest> = {}): DeliverOrderRequest {
  return { idempotencyKey: `deliver:${order.id}`, orderId: order.id, deliveredAt: undefined, actorId: '', ...given };
}

export async function shipped(calls: OrderCalls): Promise<Order> {
  const order = await paid(calls);
  await calls.shipOrder(dispatch(order), LIMITS);
  return read(calls, order.id);
}

export async function read(calls: OrderCalls, orderId: string): Promise<Order> {
  const { order } = await calls.getOrder({ orderId, userId: '' }, LIMITS);
  if (!order) throw new Error('An order was expected');
  return order;
}

/** Every line at 10.00 EUR by default. */
export function creation(order: Order, given: Partial<CreateOrderRequest> = {}): CreateOrderRequest {
  return {
    idempotencyKey: stepKey(order.id, 'create'),
    orderId: order.id,
    lines: order.lines.map(({ productId, quantity }) => ({
      productId,
      quantity,
      unitPrice: { amountMinor: 1_000, currency: 'EUR' },
    })),
    ...given,
  };
}

export function confirmation(order: Order, given: Partial<ConfirmOrderRequest> = {}): ConfirmOrderRequest {
  return { idempotencyKey: stepKey(order.id, 'confirm-order'), orderId: order.id, paymentId: randomUUID(), ...given };
}

export function cancellation(order: Order, given: Partial<CancelOrderRequest> = {}): CancelOrderRequest {
  return {
    idempotencyKey: undoKey(order.id, 'create'),
    orderId: order.id,
    reason: 'payment_declined',
    failedStep: 'ProcessPayment',
    undoesKey: stepKey(order.id, 'create'),
    facts: {},
    actorId: '',
    note: '',
    ...given,
  };
}

/** Requests a return and completes it; no lines: everything that is left. */
export async function comeBack(calls: OrderCalls, order: Pick<Order, 'id'>, lines: RequestReturnRequest['lines'] = []) {
  const request = returning(order, { lines });
  const agreed = await calls.requestReturn(request, LIMITS);
  await calls.completeReturn(completion(request), LIMITS);
  return { ...agreed, returnId: request.returnId };
}

export function returning(order: Pick<Order, 'id'>, given: Partial<RequestReturnRequest> = {}): RequestReturnRequest {
  const returnId = given.returnId ?? randomUUID();
  const idempotencyKey = returnKey(order.id, returnId, 'request');
  return { idempotencyKey, orderId: order.id, returnId, lines: [], reason: 'Too small', actorId: randomUUID(), ...given };
}

export function completion({ orderId, returnId }: RequestReturnRequest) {
  return { idempotencyKey: returnKey(orderId, returnId, 'complete'), orderId, returnId };
}

/** A list of everybody's orders by default. */
export function listing(given: Partial<ListOrdersRequest> = {}): ListOrdersRequest {
  return { userId: '', status: 'ORDER_STATUS_UNSPECIFIED', orderIds: [], pageSize: 0, cursor: '', ...given };
}

export function statuses(order: Pick<Order, 'history'>): string[] {
  return order.history.map((change) => change.status.replace('ORDER_STATUS_', ''));
}
