import { expect, test } from '@jest/globals';
import { confirmedOrderFrom } from '../../activities/confirmed-order.ts';
import { Order, type OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';

const EURO = { amountMinor: 100, currency: 'EUR' };
const AT = new Date('2026-05-04T10:00:00.123Z');

function record(given: Partial<Order> = {}): Order {
  const totals = { subtotal: EURO, tax: EURO, shipping: EURO, total: EURO };
  const lines = [{ productId: 'p', quantity: 1, unitPrice: EURO, lineTotal: EURO }];
  const shippingAddress = { line1: 'Secret street 1', line2: '', city: 'Ghent', region: '', postalCode: '9000', country: 'BE' };
  const unsaid = { shippingAddress, paymentMethod: 'tok_ok' };
  return Order.fromPartial({ id: 'o', totals, lines, ...unsaid, history: [changed('ORDER_STATUS_PAID')], ...given });
}

const changed = (status: OrderStatus) => ({ status, at: AT, reason: '', actorId: '', note: 'a customer wrote this' });

test('a workflow carries prices, totals and times of a record, and nothing else', () => {
  expect(confirmedOrderFrom(record())).toEqual({
    lines: [{ productId: 'p', quantity: 1, unitPrice: EURO, lineTotal: EURO }],
    totals: { subtotal: EURO, tax: EURO, shipping: EURO, total: EURO },
    history: [{ status: 'PAID', at: '2026-05-04T10:00:00.123Z' }],
  });
});

test('what came after the confirmation is no part of it', () => {
  const history = [changed('ORDER_STATUS_PAID'), changed('ORDER_STATUS_SHIPPED'), changed('ORDER_STATUS_CANCELLED')];
  expect(confirmedOrderFrom(record({ history })).history.map(({ status }) => status)).toEqual(['PAID']);
});

test('an amount that orders left out is a fault: the contract promises all of them', () => {
  for (const incomplete of [undefined, record({ totals: undefined }), record({ lines: [{ productId: 'p', quantity: 1 }] })]) {
    expect(() => confirmedOrderFrom(incomplete)).toThrow('The answer has no amount where the contract promises one');
  }
});
