/** The activities against real gRPC servers: what they send, and what becomes of every kind of answer. */
import { afterEach, expect, test } from '@jest/globals';
import { createOrderLifeActivities } from '../../activities/order-life.ts';
import { createOrdersActivities } from '../../activities/orders.ts';
import { createPaymentsActivities } from '../../activities/payments.ts';
import { createProductsActivities } from '../../activities/products.ts';
import { createUsersActivities } from '../../activities/users.ts';
import type { ServiceCalls } from '../../contracts/activities.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { Order, OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { runActivity } from '../../testkit/fakes/run-activity.ts';
import { type FakeHandlers, startFakeServices } from '../../testkit/fakes/services.ts';

const EURO = { amountMinor: 1_000, currency: 'EUR' };
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function activitiesAgainst(handlers: FakeHandlers): Promise<ServiceCalls> {
  const services = await startFakeServices(handlers);
  const users = createClient(UsersServiceService, { target: services.users });
  const products = createClient(ProductsServiceService, { target: services.products });
  const orders = createClient(OrdersServiceService, { target: services.orders });
  const payments = createClient(PaymentsServiceService, { target: services.payments });
  closers.push(services.close, users.close, products.close, orders.close, payments.close);
  return {
    ...createUsersActivities(users),
    ...createProductsActivities(products),
    ...createOrdersActivities(orders),
    ...createOrderLifeActivities(orders),
    ...createPaymentsActivities(payments),
  };
}

/** Answers with `response` and keeps the request. */
function keeping<Request, Response>(requests: unknown[], response: Response): (request: Request) => Promise<Response> {
  return async (request) => {
    requests.push(request);
    return response;
  };
}

function failing(fields: ConstructorParameters<typeof StatusError>[0]): () => Promise<never> {
  return async () => {
    throw new StatusError(fields);
  };
}

test('each step sends its key and what its service needs, and returns what the next step needs', async () => {
  const requests: unknown[] = [];
  const priced = [{ productId: 'p', quantity: 2, unitPrice: EURO }];
  const totals = { subtotal: EURO, tax: EURO, shipping: EURO, total: { amountMinor: 3_000, currency: 'EUR' } };
  const activities = await activitiesAgainst({
    users: { validateUser: keeping(requests, { userId: 'u' }) },
    products: {
      reserveInventory: keeping(requests, { lines: priced, expiresAt: undefined }),
      confirmReservation: keeping(requests, {}),
    },
    orders: {
      createOrder: keeping(requests, { totals }),
      confirmOrder: keeping(requests, { order: Order.fromPartial({ totals, lines: [], history: [] }) }),
    },
    payments: { processPayment: keeping(requests, { paymentId: 'pay' }) },
  });
  const lines = [{ productId: 'p', quantity: 2 }];
  const payment = { key: 'k3', orderId: 'o', userId: 'u', amount: EURO, paymentMethod: 'tok_ok' };

  const results = [
    await runActivity(() => activities.validateUser({ userId: 'u' })),
    await runActivity(() =>
      activities.reserveInventory({ key: 'k1', orderId: 'o', lines, pricesAsOf: '2026-01-01T00:00:00.000Z' }),
    ),
    await runActivity(() => activities.createOrder({ key: 'k2', orderId: 'o', lines: priced })),
    await runActivity(() => activities.processPayment(payment)),
    await runActivity(() => activities.confirmReservation({ key: 'k4', orderId: 'o' })),
    await runActivity(() => activities.confirmOrder({ key: 'k5', orderId: 'o', paymentId: 'pay' })),
  ];

  expect(results).toEqual([
    { ok: true },
    { ok: true, lines: priced },
    { ok: true, total: totals.total },
    { ok: true, paymentId: 'pay' },
    { ok: true },
    { ok: true, order: { lines: [], totals, history: [] } },
  ]);
  expect(requests).toEqual([
    { userId: 'u' },
    { idempotencyKey: 'k1', orderId: 'o', lines, pricesAsOf: new Date('2026-01-01T00:00:00.000Z') },
    { idempotencyKey: 'k2', orderId: 'o', lines: priced },
    { idempotencyKey: 'k3', orderId: 'o', userId: 'u', amount: EURO, paymentMethod: 'tok_ok' },
    { idempotencyKey: 'k4', orderId: 'o' },
    { idempotencyKey: 'k5', orderId: 'o', paymentId: 'pay' },
  ]);
});

test('each undo sends its own key and the key that it undoes', async () => {
  const requests: unknown[] = [];
  const activities = await activitiesAgainst({
    products: { releaseInventory: keeping(requests, { released: false }) },
    orders: { cancelOrder: keeping(requests, {}) },
    payments: { refundPayment: keeping(requests, { refundedMinor: 0 }) },
  });
  const undo = { key: 'undo', undoesKey: 'done', orderId: 'o' };
  const reason = 'payment_declined' as const;

  await runActivity(() => activities.refundPayment({ ...undo, reason }));
  await runActivity(() => activities.releaseInventory(undo));
  await runActivity(() => activities.cancelOrder({ ...undo, reason, failedStep: 'ProcessPayment', facts: {} }));
  await runActivity(() =>
    activities.cancelOrder({ ...undo, reason: 'order_cancelled', failedStep: null, facts: {}, actorId: 'a', note: 'Too late' }),
  );

  const sent = { idempotencyKey: 'undo', undoesKey: 'done', orderId: 'o' };
  expect(requests).toEqual([
    { ...sent, amount: undefined, reason },
    sent,
    { ...sent, reason, failedStep: 'ProcessPayment', facts: {}, actorId: '', note: '' },
    { ...sent, reason: 'order_cancelled', failedStep: '', facts: {}, actorId: 'a', note: 'Too late' },
  ]);
});

test('a refusal is a result with its reason and facts', async () => {
  const facts = { product_id: 'p', available_quantity: '1' };
  const activities = await activitiesAgainst({
    products: {
      reserveInventory: failing({ code: 'FAILED_PRECONDITION', reason: 'insufficient_stock', message: 'Too few', facts }),
    },
  });

  const result = await runActivity(() =>
    activities.reserveInventory({ key: 'k', orderId: 'o', lines: [], pricesAsOf: '2026-01-01T00:00:00.000Z' }),
  );

  expect(result).toEqual({ ok: false, reason: 'insufficient_stock', facts });
});

test('a service that is busy names the time after which it is asked again', async () => {
  const activities = await activitiesAgainst({
    payments: {
      processPayment: failing({ code: 'ABORTED', reason: 'unavailable', message: 'At work elsewhere', retryDelayMs: 1_500 }),
    },
  });
  const payment = { key: 'k', orderId: 'o', userId: 'u', amount: EURO, paymentMethod: 'tok_ok' };

  await expect(runActivity(() => activities.processPayment(payment))).rejects.toMatchObject({
    type: 'unavailable',
    nonRetryable: false,
    nextRetryDelay: 1_500,
    message: 'payments.ProcessPayment answered ABORTED (unavailable)',
  });
});

test('a service that is down is a fault whose message names no address', async () => {
  const services = await startFakeServices({});
  await services.close();
  const users = createClient(UsersServiceService, { target: services.users });
  closers.push(users.close);

  const failed = runActivity(() => createUsersActivities(users).validateUser({ userId: 'u' }));

  await expect(failed).rejects.toMatchObject({
    type: 'unavailable',
    nonRetryable: false,
    message: 'users.ValidateUser answered UNAVAILABLE (unavailable)',
  });
});

test('a service that does not answer is given up', async () => {
  const never = new Promise<never>(() => {});
  const activities = await activitiesAgainst({ users: { validateUser: () => never } });

  const failed = runActivity(() => activities.validateUser({ userId: 'u' }), { startToCloseTimeoutMs: 500 });

  await expect(failed).rejects.toMatchObject({ type: 'deadline_exceeded', nonRetryable: false });
  // The server waits for calls in flight, so it is not asked to close.
  closers.splice(0, 1);
});

test.each([2_000, 10_000])(
  'a call in an attempt of %d ms ends while the attempt can still say so',
  async (startToCloseTimeoutMs) => {
    const deadlines: number[] = [];
    // Nobody listens there, and nobody is asked.
    const nobody = createClient(UsersServiceService, { target: '127.0.0.1:9' });
    closers.push(nobody.close);
    const { validateUser } = createUsersActivities({
      calls: {
        ...nobody.calls,
        async validateUser({ userId }, { deadlineMs }) {
          deadlines.push(deadlineMs);
          return { userId };
        },
      },
    });

    await runActivity(() => validateUser({ userId: 'u' }), { startToCloseTimeoutMs });

    expect(deadlines).toEqual([startToCloseTimeoutMs * 0.8]);
  },
);

test('a cancelled activity ends its call and ends as cancelled', async () => {
  const arrived = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<{ userId: string }>();
  const activities = await activitiesAgainst({
    users: {
      validateUser() {
        arrived.resolve();
        return finish.promise;
      },
    },
  });

  const cancelled = runActivity(() => activities.validateUser({ userId: 'u' }), { cancelled: arrived.promise });

  await expect(cancelled).rejects.toMatchObject({ name: 'CancelledFailure' });
  finish.resolve({ userId: 'u' });
});

test('an undo that is refused is a fault, to be tried again', async () => {
  const activities = await activitiesAgainst({
    orders: { cancelOrder: failing({ code: 'FAILED_PRECONDITION', reason: 'illegal_transition', message: 'Shipped' }) },
    products: { releaseInventory: failing({ code: 'INVALID_ARGUMENT', reason: 'validation_failed', message: 'Bad' }) },
  });
  const undo = { key: 'undo', undoesKey: 'done', orderId: 'o' };

  const cancelled = runActivity(() =>
    activities.cancelOrder({ ...undo, reason: 'payment_declined', failedStep: 'ProcessPayment', facts: {} }),
  );
  await expect(cancelled).rejects.toMatchObject({ type: 'illegal_transition', nonRetryable: false });
  const released = runActivity(() => activities.releaseInventory(undo));
  await expect(released).rejects.toMatchObject({ type: 'validation_failed', nonRetryable: false });
});

test('an answer without the amount that the contract promises is a fault', async () => {
  const activities = await activitiesAgainst({ orders: { createOrder: async () => ({ totals: undefined }) } });

  const failed = runActivity(() => activities.createOrder({ key: 'k', orderId: 'o', lines: [] }));

  await expect(failed).rejects.toMatchObject({ nonRetryable: false, type: 'internal' });
});

test('a time of delivery that cannot be is a refusal that names the field, not a fault', async () => {
  const description = 'must not be in the future';
  const error = { code: 'INVALID_ARGUMENT', reason: 'validation_failed', message: 'The request has invalid fields' } as const;
  const activities = await activitiesAgainst({
    orders: { deliverOrder: failing({ ...error, violations: [{ field: 'deliveredAt', description }] }) },
  });

  const answer = await runActivity(() =>
    activities.deliverOrder({ orderId: 'o', key: 'k', actorId: 'a', deliveredAt: '2999-01-01' }),
  );

  expect(answer).toEqual({ ok: false, reason: 'validation_failed', facts: { field: 'deliveredAt', description } });
});
