import { expect, test } from '@jest/globals';
import { confirmedOrderFrom } from '../../activities/confirmed-order.ts';
import { Order, type OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';

const EURO = { amountMinor: 100, currency: 'EUR' };
const AT = new Date('2026-05-04T10:00:00.123Z');

function record(given: Partial<Order> = {}): Order {
  const totals = { subtotal: EURO, tax: EURO, shipping: EURO, total: EURO };
  const lines = [{ productId: 'p', quantity: 1, unitPrice: EURO, lineTotal: EURO }];
  return Order.fromPartial({ id: 'o', totals, lines, history: [changed('ORDER_STATUS_PAID')], ...given });
}

const changed = (status: OrderStatus) => ({ status, at: AT, reason: '', actorId: '', note: 'a customer wrote this' });

test('a workflow carries prices, totals and times of a record, and no words of people', () => {
  const order = confirmedOrderFrom(record());
  expect(order).toMatchObject({ lines: [{ productId: 'p', lineTotal: EURO }], totals: { total: EURO } });
  expect(order?.history).toEqual([{ status: 'PAID', at: '2026-05-04T10:00:00.123Z' }]);
  expect(JSON.stringify(order)).not.toContain('wrote');
});

test('what came after the confirmation is no part of it', () => {
  const history = [changed('ORDER_STATUS_PAID'), changed('ORDER_STATUS_SHIPPED'), changed('ORDER_STATUS_CANCELLED')];
  expect(confirmedOrderFrom(record({ history }))?.history.map(({ status }) => status)).toEqual(['PAID']);
});

test('an orders service that tells no record is no fault: it is read where it is wanted', () => {
  expect(confirmedOrderFrom(undefined)).toBeUndefined();
  expect(confirmedOrderFrom(record({ totals: undefined }))).toBeUndefined();
});
