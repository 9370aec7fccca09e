import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { stepKey } from '../../contracts/ids.ts';
import type { PricedLine } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { refusal } from '../../testkit/refusal.ts';
import {
  cancellation,
  confirmation,
  creation,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  reserved,
  statuses,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders({ TAX_BASIS_POINTS: '1900', SHIPPING_MINOR: '490' });
});
afterAll(() => orders.close());

const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' });
const unknown = { id: randomUUID(), lines: [{ productId: randomUUID(), quantity: 1 }] };
const NOT_FOUND = {
  code: 'NOT_FOUND',
  reason: 'not_found',
  facts: { order_id: unknown.id },
  fields: [],
  message: expect.any(String),
};

function illegal(current: string, attempted: string) {
  return {
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    facts: { current_status: current, attempted_status: attempted },
    fields: [],
    message: expect.any(String),
  };
}

test('creating prices the lines, adds up the totals and moves through CREATED to RESERVED', async () => {
  const order = await submitted(orders.calls);
  const [first, second] = order.lines;
  const lines = [
    { productId: second?.productId ?? '', quantity: 1, unitPrice: eur(999) },
    { productId: first?.productId ?? '', quantity: 2, unitPrice: eur(2_500) },
  ];
  const answer = await orders.calls.createOrder(creation(order, { lines }), LIMITS);
  const totals = { subtotal: eur(5_999), tax: eur(1_140), shipping: eur(490), total: eur(7_629) };
  expect(answer).toEqual({ totals });

  const created = await read(orders.calls, order.id);
  expect(created).toMatchObject({ status: 'ORDER_STATUS_RESERVED', totals });
  expect(created.lines).toEqual([
    { ...first, unitPrice: eur(2_500), lineTotal: eur(5_000) },
    { ...second, unitPrice: eur(999), lineTotal: eur(999) },
  ]);
  expect(statuses(created)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED']);
  // One transaction: both at one instant.
  expect(created.history[1]?.at).toEqual(created.history[2]?.at);

  expect(await orders.calls.createOrder(creation(order, { lines }), LIMITS)).toEqual(answer);
  expect(await read(orders.calls, order.id)).toEqual(created);
});

type Change = (lines: readonly PricedLine[]) => PricedLine[];
const differently: [string, Change][] = [
  ['another quantity', ([first, ...rest]) => (first ? [{ ...first, quantity: first.quantity + 1 }, ...rest] : [])],
  ['a line missing', (lines) => lines.slice(1)],
  ['a line more', (lines) => [...lines, { productId: randomUUID(), quantity: 1, unitPrice: eur(1) }]],
  ['a line twice', (lines) => [...lines, ...lines.slice(0, 1)]],
  ['another product', ([first, ...rest]) => (first ? [{ ...first, productId: randomUUID() }, ...rest] : [])],
  [
    'two currencies',
    ([first, ...rest]) => (first ? [{ ...first, unitPrice: { amountMinor: 1, currency: 'CHF' } }, ...rest] : []),
  ],
  ['a total beyond what is exact', (lines) => lines.map((line) => ({ ...line, unitPrice: eur(Number.MAX_SAFE_INTEGER) }))],
];
test.each(differently)('creating with %s is refused and leaves the order as it was', async (_what, change) => {
  const order = await submitted(orders.calls);
  const lines = change(creation(order).lines);
  expect(await refusal(orders.calls.createOrder(creation(order, { lines }), LIMITS))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
  });
  expect(await read(orders.calls, order.id)).toEqual(order);
});

test.each([
  ['no price', { unitPrice: undefined }, 'lines.0.unitPrice'],
  ['a negative price', { unitPrice: eur(-1) }, 'lines.0.unitPrice.amountMinor'],
  ['a currency in words', { unitPrice: { amountMinor: 1, currency: 'Euro' } }, 'lines.0.unitPrice.currency'],
])('creating with %s is an invalid argument and is not stored', async (_what, wrong, field) => {
  const order = await submitted(orders.calls, { lines: [{ productId: randomUUID(), quantity: 1 }] });
  const request = creation(order);
  const lines = request.lines.map((line) => ({ ...line, ...wrong }));
  expect(await refusal(orders.calls.createOrder({ ...request, lines }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    fields: [field],
  });
  await orders.calls.createOrder(request, LIMITS);
});

test('creating twice under another key is refused with both statuses', async () => {
  const order = await reserved(orders.calls);
  const again = creation(order, { idempotencyKey: 'another' });
  expect(await refusal(orders.calls.createOrder(again, LIMITS))).toEqual(illegal('RESERVED', 'CREATED'));
});

test('confirming moves a reserved order to PAID with its payment, once per key', async () => {
  const order = await reserved(orders.calls);
  const request = confirmation(order);
  const answers = [await orders.calls.confirmOrder(request, LIMITS), await orders.calls.confirmOrder(request, LIMITS)];
  const confirmed = await read(orders.calls, order.id);
  // Whoever confirms it need not read it; what a workflow may not carry is left out.
  const told = { ...confirmed, shippingAddress: undefined, paymentMethod: '' };
  expect(confirmed.shippingAddress).toBeDefined();
  expect(answers).toEqual([{ order: told }, { order: told }]);
  expect(confirmed).toMatchObject({ status: 'ORDER_STATUS_PAID', paymentId: request.paymentId });
  expect(statuses(confirmed)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID']);
  const other = { ...request, paymentId: randomUUID() };
  expect(await refusal(orders.calls.confirmOrder(other, LIMITS))).toMatchObject({ reason: 'idempotency_key_reused' });
});

test('confirming an order that is not reserved is refused with both statuses', async () => {
  const order = await submitted(orders.calls);
  expect(await refusal(orders.calls.confirmOrder(confirmation(order), LIMITS))).toEqual(illegal('SUBMITTED', 'PAID'));
  const done = await paid(orders.calls);
  const again = confirmation(done, { idempotencyKey: randomUUID() });
  expect(await refusal(orders.calls.confirmOrder(again, LIMITS))).toEqual(illegal('PAID', 'PAID'));
  expect((await read(orders.calls, done.id)).paymentId).toBe(done.paymentId);
});

test('an order that does not exist is not created, confirmed or cancelled', async () => {
  const lines = unknown.lines.map((line) => ({ ...line, unitPrice: eur(1) }));
  const create = { idempotencyKey: stepKey(unknown.id, 'create'), orderId: unknown.id, lines };
  const confirm = { idempotencyKey: stepKey(unknown.id, 'confirm-order'), orderId: unknown.id, paymentId: randomUUID() };
  const cancel = {
    idempotencyKey: randomUUID(),
    orderId: unknown.id,
    reason: 'internal',
    failedStep: '',
    undoesKey: stepKey(unknown.id, 'create'),
    facts: {},
    actorId: '',
    note: '',
  };
  expect(await refusal(orders.calls.createOrder(create, LIMITS))).toEqual(NOT_FOUND);
  expect(await refusal(orders.calls.confirmOrder(confirm, LIMITS))).toEqual(NOT_FOUND);
  expect(await refusal(orders.calls.cancelOrder(cancel, LIMITS))).toEqual(NOT_FOUND);
});

test('a call of the saga needs few statements, and keeps the order locked for few of them', async () => {
  const [first, second] = [await submitted(orders.calls), await reserved(orders.calls)];
  const spy = jest.spyOn(pg.Client.prototype, 'query');
  const counted = async (call: Promise<unknown>) => {
    spy.mockClear();
    await call;
    const texts = spy.mock.calls.map(([query]: readonly unknown[]) => textOf(query));
    const locked = texts.findIndex((text) => text.includes('for update'));
    return { all: texts.length, afterTheLock: locked < 0 ? 0 : texts.length - locked - 1 };
  };
  try {
    expect(await counted(submitted(orders.calls))).toEqual({ all: 9, afterTheLock: 0 });
    expect(await counted(orders.calls.createOrder(creation(first), LIMITS))).toEqual({ all: 11, afterTheLock: 8 });
    expect(await counted(orders.calls.confirmOrder(confirmation(second), LIMITS))).toEqual({ all: 11, afterTheLock: 8 });
    expect(await counted(orders.calls.cancelOrder(cancellation(first), LIMITS))).toEqual({ all: 10, afterTheLock: 6 });
  } finally {
    spy.mockRestore();
  }
});

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : '';
}
