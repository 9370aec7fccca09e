import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { type ErrorRow, tamperedCursor, testEmptyRequests, testErrors, testUnavailable } from './error-table.ts';
import {
  cancellation,
  confirmation,
  creation,
  delivery,
  dispatch,
  LIMITS,
  listing,
  type OrderCalls,
  type OrdersFixture,
  openOrders,
  paid,
  reserved,
  shipped,
  submission,
  submitted,
} from './orders-fixture.ts';

const NO_ORDER = randomUUID();
const ONE_LINE = { productId: randomUUID(), quantity: 1, unitPrice: { amountMinor: 1, currency: 'EUR' } };
// Milliseconds: no clock is that far ahead.
const FAR_AHEAD_MS = 86_400_000;

let fixture: OrdersFixture;
let orders: OrderCalls;

beforeAll(async () => {
  fixture = await openOrders();
  orders = fixture.calls;
});
afterAll(() => fixture.close());

const unknownOrder = (call: () => Promise<unknown>) => async () => ({ call, facts: { order_id: NO_ORDER } });

const between = (current: string, attempted: string) => ({ current_status: current, attempted_status: attempted });

const NOT_FOUND = { code: 'NOT_FOUND', reason: 'not_found' } as const;
const ILLEGAL = { code: 'FAILED_PRECONDITION', reason: 'illegal_transition' } as const;
const UNFIT = { code: 'FAILED_PRECONDITION', reason: 'validation_failed' } as const;
const INVALID = { code: 'INVALID_ARGUMENT', reason: 'validation_failed' } as const;

const ROWS: readonly ErrorRow<OrderCalls>[] = [
  {
    rpc: 'submitOrder',
    when: 'the key was used for another order',
    given: async () => {
      const request = submission();
      await orders.submitOrder(request, LIMITS);
      const key = `submit:${request.clientId}:${request.userId}:${request.idempotencyKey}`;
      return { call: () => orders.submitOrder({ ...request, paymentMethod: 'tok_slow' }, LIMITS), facts: { key } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  },
  {
    rpc: 'createOrder',
    when: 'there is no such order',
    given: unknownOrder(() => orders.createOrder({ idempotencyKey: randomUUID(), orderId: NO_ORDER, lines: [ONE_LINE] }, LIMITS)),
    ...NOT_FOUND,
  },
  {
    rpc: 'createOrder',
    when: 'the lines are not the submitted ones',
    given: async () => {
      const order = await submitted(orders);
      const { lines, ...request } = creation(order);
      const facts = { product_id: order.lines[1]?.productId ?? '' };
      return { call: () => orders.createOrder({ ...request, lines: lines.slice(0, 1) }, LIMITS), facts };
    },
    ...UNFIT,
  },
  {
    rpc: 'createOrder',
    when: 'the prices are in two currencies',
    given: async () => {
      const { lines, ...request } = creation(await submitted(orders));
      const mixed = lines.map((line, n) => ({ ...line, unitPrice: { amountMinor: 1, currency: n === 0 ? 'EUR' : 'USD' } }));
      return { call: () => orders.createOrder({ ...request, lines: mixed }, LIMITS), facts: { currencies: 'EUR,USD' } };
    },
    ...UNFIT,
  },
  {
    rpc: 'createOrder',
    when: 'the total cannot be stated exactly',
    given: async () => {
      const { lines, ...request } = creation(await submitted(orders));
      const unitPrice = { amountMinor: Number.MAX_SAFE_INTEGER, currency: 'EUR' };
      return { call: () => orders.createOrder({ ...request, lines: lines.map((line) => ({ ...line, unitPrice })) }, LIMITS) };
    },
    ...UNFIT,
  },
  {
    rpc: 'createOrder',
    when: 'it was created under another key',
    given: async () => {
      const order = await reserved(orders);
      const call = () => orders.createOrder(creation(order, { idempotencyKey: randomUUID() }), LIMITS);
      return { call, facts: between('RESERVED', 'CREATED') };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'createOrder',
    when: 'it was undone before it arrived',
    given: async () => {
      const order = await submitted(orders);
      await orders.cancelOrder(cancellation(order), LIMITS);
      return { call: () => orders.createOrder(creation(order), LIMITS), facts: { key: creation(order).idempotencyKey } };
    },
    code: 'FAILED_PRECONDITION',
    reason: 'order_cancelled',
  },
  {
    rpc: 'confirmOrder',
    when: 'there is no such order',
    given: unknownOrder(() =>
      orders.confirmOrder({ idempotencyKey: randomUUID(), orderId: NO_ORDER, paymentId: randomUUID() }, LIMITS),
    ),
    ...NOT_FOUND,
  },
  {
    rpc: 'confirmOrder',
    when: 'nothing is reserved for it',
    given: async () => {
      const order = await submitted(orders);
      return { call: () => orders.confirmOrder(confirmation(order), LIMITS), facts: between('SUBMITTED', 'PAID') };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'cancelOrder',
    when: 'there is no such order',
    given: unknownOrder(() =>
      orders.cancelOrder(
        {
          ...{ idempotencyKey: randomUUID(), orderId: NO_ORDER, undoesKey: randomUUID() },
          ...{ reason: 'order_cancelled', failedStep: '', facts: {}, actorId: '', note: '' },
        },
        LIMITS,
      ),
    ),
    ...NOT_FOUND,
  },
  {
    rpc: 'cancelOrder',
    when: 'it was shipped',
    given: async () => {
      const order = await shipped(orders);
      return { call: () => orders.cancelOrder(cancellation(order), LIMITS), facts: between('SHIPPED', 'CANCELLED') };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'getOrder',
    when: 'there is no such order',
    given: unknownOrder(() => orders.getOrder({ orderId: NO_ORDER, userId: '' }, LIMITS)),
    ...NOT_FOUND,
  },
  {
    rpc: 'getOrder',
    when: "it is another user's",
    given: async () => {
      const { id } = await submitted(orders);
      return { call: () => orders.getOrder({ orderId: id, userId: randomUUID() }, LIMITS), facts: { order_id: id } };
    },
    ...NOT_FOUND,
  },
  tamperedCursor('listOrders', 'cursor', () => orders.listOrders(listing({ userId: randomUUID(), cursor: 'tampered' }), LIMITS)),
  {
    rpc: 'shipOrder',
    when: 'it is not paid',
    given: async () => {
      const order = await reserved(orders);
      return { call: () => orders.shipOrder(dispatch(order), LIMITS), facts: between('RESERVED', 'SHIPPED') };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'deliverOrder',
    when: 'it is not shipped',
    given: async () => {
      const order = await paid(orders);
      return { call: () => orders.deliverOrder(delivery(order), LIMITS), facts: between('PAID', 'DELIVERED') };
    },
    ...ILLEGAL,
  },
  {
    rpc: 'deliverOrder',
    when: 'the time has not come yet',
    given: async () => {
      const order = await shipped(orders);
      const deliveredAt = new Date(Date.now() + FAR_AHEAD_MS);
      return { call: () => orders.deliverOrder(delivery(order, { deliveredAt }), LIMITS) };
    },
    ...INVALID,
    fields: ['deliveredAt'],
  },
  tamperedCursor('listEffects', 'page.cursor', () =>
    orders.listEffects({ page: { since: undefined, pageSize: 0, cursor: 'tampered' } }, LIMITS),
  ),
];

testErrors(ROWS);

testEmptyRequests(OrdersServiceService, () => orders, {
  submitOrder: ['idempotencyKey', 'clientId', 'userId', 'lines', 'paymentMethod'],
  createOrder: ['idempotencyKey', 'orderId', 'lines'],
  confirmOrder: ['idempotencyKey', 'orderId', 'paymentId'],
  cancelOrder: ['idempotencyKey', 'orderId', 'reason', 'undoesKey'],
  getOrder: ['orderId'],
  listOrders: [],
  shipOrder: ['idempotencyKey', 'orderId', 'carrier', 'trackingNumber'],
  deliverOrder: ['idempotencyKey', 'orderId'],
  requestReturn: ['idempotencyKey', 'orderId', 'returnId', 'reason', 'actorId'],
  completeReturn: ['idempotencyKey', 'orderId', 'returnId'],
  recordIntervention: ['idempotencyKey', 'orderId', 'actorId', 'action', 'steps', 'reason'],
  audit: [],
  listEffects: [],
});

testUnavailable(
  () => fixture.takeDatabaseAway(),
  () => [
    orders.getOrder({ orderId: NO_ORDER, userId: '' }, LIMITS),
    orders.submitOrder(submission(), LIMITS),
    orders.deliverOrder(delivery({ id: NO_ORDER }), LIMITS),
  ],
);
