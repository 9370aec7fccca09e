import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../../testkit/refusal.ts';
import { ADDRESS, cancellation, LIMITS, type OrdersFixture, openOrders, read, statuses, submission } from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

async function submit(request: ReturnType<typeof submission>) {
  const { order, replayed } = await orders.calls.submitOrder(request, LIMITS);
  if (!order) throw new Error('An order was expected');
  return { order, replayed };
}

test('a submitted order can be read with its lines, address and history, and has no price yet', async () => {
  const request = submission();
  const { order, replayed } = await submit(request);
  expect(replayed).toBe(false);
  expect(order).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    userId: request.userId,
    status: 'ORDER_STATUS_SUBMITTED',
    lines: request.lines,
    paymentId: '',
    history: [{ status: 'ORDER_STATUS_SUBMITTED', at: order.createdAt, reason: '', actorId: '', note: '' }],
    interventions: [],
    returns: [],
    shippingAddress: ADDRESS,
    paymentMethod: 'tok_ok',
    createdAt: expect.any(Date),
    updatedAt: order.createdAt,
  });
  expect(await read(orders.calls, order.id)).toEqual(order);
});

test('an order without an address is accepted and has none', async () => {
  const { order } = await submit(submission({ shippingAddress: undefined }));
  expect(order.shippingAddress).toBeUndefined();
});

test('O5 the same product given twice becomes one line, where it was first given', async () => {
  const [first, second] = [randomUUID(), randomUUID()];
  const lines = [
    { productId: first, quantity: 1_000 },
    { productId: second, quantity: 3 },
    { productId: first.toUpperCase(), quantity: 1_000 },
  ];
  const { order } = await submit(submission({ lines }));
  expect(order.lines).toEqual([
    { productId: first, quantity: 2_000 },
    { productId: second, quantity: 3 },
  ]);
});

test('twenty callers at once with one key get one order, and one of them placed it', async () => {
  const request = submission();
  const answers = await Promise.all(Array.from({ length: 20 }, () => submit(request)));
  expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  const [count] = await orders.sql<{ count: number }>('select count(*)::integer as count from orders where user_id = $1', [
    request.userId,
  ]);
  expect(count?.count).toBe(1);
});

test('I24 the same order asked for in other words is the same request', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const request = submission({
    lines: [
      { productId: a, quantity: 3 },
      { productId: b, quantity: 1 },
    ],
    shippingAddress: { ...ADDRESS, city: 'Zu\u0308rich' },
  });
  const { order } = await submit(request);
  const again = await submit({
    ...request,
    lines: [
      { productId: b.toUpperCase(), quantity: 1 },
      { productId: a, quantity: 2 },
      { productId: a, quantity: 1 },
    ],
    shippingAddress: { ...ADDRESS, city: 'Z\u00fcrich' },
  });
  expect(again).toEqual({ order, replayed: true });
});

test('a repeated submission answers with the order as it is now', async () => {
  const request = submission();
  const { order } = await submit(request);
  await orders.calls.cancelOrder(cancellation(order), LIMITS);
  const again = await submit(request);
  expect(again.replayed).toBe(true);
  expect(again.order.id).toBe(order.id);
  expect(statuses(again.order)).toEqual(['SUBMITTED', 'CANCELLED']);
});

test('I15 a key is remembered when the service starts again', async () => {
  const request = submission();
  const { order } = await submit(request);
  await orders.restart();
  expect(await submit(request)).toEqual({ order, replayed: true });
});

test.each([
  ['payment method', { paymentMethod: 'tok_other' }],
  ['lines', { lines: [{ productId: randomUUID(), quantity: 1 }] }],
  ['address', { shippingAddress: { ...ADDRESS, line1: 'elsewhere' } }],
  ['absent address', { shippingAddress: undefined }],
])('I21 the same key with another %s is refused', async (_what, other) => {
  const request = submission();
  const { order } = await submit(request);
  expect(await refusal(submit({ ...request, ...other }))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
  });
  expect(await submit(request)).toEqual({ order, replayed: true });
});

test('I07 the same key of another user or another client is another order', async () => {
  const request = submission();
  const { order } = await submit(request);
  const ofOtherUser = await submit({ ...request, userId: randomUUID() });
  const ofOtherClient = await submit({ ...request, clientId: 'mobile-app' });
  expect([ofOtherUser.replayed, ofOtherClient.replayed]).toEqual([false, false]);
  expect(new Set([order.id, ofOtherUser.order.id, ofOtherClient.order.id]).size).toBe(3);
});

const LINE = { productId: randomUUID(), quantity: 1 };
test.each([
  ['I01 I02 no key', { idempotencyKey: '' }, 'idempotencyKey'],
  ['I04 a key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, 'idempotencyKey'],
  ['I05 a control character in the key', { idempotencyKey: 'a\u0000b' }, 'idempotencyKey'],
  ['I05 a letter in the key that is not ASCII', { idempotencyKey: 'é' }, 'idempotencyKey'],
  ['I09 a line break in the key', { idempotencyKey: 'a\r\nb' }, 'idempotencyKey'],
  ['a client with a colon', { clientId: 'a:b' }, 'clientId'],
  ['a user that is no id', { userId: 'me' }, 'userId'],
  ['no lines', { lines: [] }, 'lines'],
  ['101 lines', { lines: Array.from({ length: 101 }, () => LINE) }, 'lines'],
  ['O6 quantity 0', { lines: [{ ...LINE, quantity: 0 }] }, 'lines.0.quantity'],
  ['O6 a negative quantity', { lines: [LINE, { ...LINE, quantity: -1 }] }, 'lines.1.quantity'],
  ['O6 quantity 1001', { lines: [{ ...LINE, quantity: 1_001 }] }, 'lines.0.quantity'],
  ['a product that is no id', { lines: [{ productId: "' or 1=1", quantity: 1 }] }, 'lines.0.productId'],
  ['no payment method', { paymentMethod: '' }, 'paymentMethod'],
  ['an address without a city', { shippingAddress: { ...ADDRESS, city: ' ' } }, 'shippingAddress.city'],
  ['an address with a NUL', { shippingAddress: { ...ADDRESS, line2: 'a\u0000b' } }, 'shippingAddress.line2'],
  ['a country in words', { shippingAddress: { ...ADDRESS, country: 'Switzerland' } }, 'shippingAddress.country'],
])('%s is an invalid argument that names the field', async (_what, given, field) => {
  expect(await refusal(submit(submission(given)))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  });
});

test('the limits themselves are accepted: 100 lines of 1000 units', async () => {
  const lines = Array.from({ length: 100 }, () => ({ productId: randomUUID(), quantity: 1_000 }));
  expect((await submit(submission({ lines }))).order.lines).toEqual(lines);
});

test('I13 an invalid submission is not stored: the corrected one works under the same key', async () => {
  const request = submission();
  await refusal(submit({ ...request, lines: [] }));
  expect((await submit(request)).replayed).toBe(false);
});

test.each(['4111111111111111', '4111-1111-1111-1111', 'tok_4111111111111111'])(
  'a payment method that is the card number %s is refused, and is stored nowhere',
  async (paymentMethod) => {
    await submit(submission());
    const error = await refusal(orders.calls.submitOrder(submission({ paymentMethod }), LIMITS));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', fields: ['paymentMethod'] });
    const [stored] = await orders.sql<{ content: string }>(
      `select string_agg(query_to_xml(format('select * from %I', tablename), true, true, '')::text, '') as content
     from pg_tables where schemaname = 'public'`,
    );
    expect(stored?.content).toContain('tok_ok');
    expect(stored?.content).not.toMatch(/4111-?1111/);
  },
);
