import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refuse, undosOf } from './support/fake-activities.ts';
import { createOrderLab, type OrderLab } from './support/order-lab.ts';

let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

test('an order that every service accepts is confirmed in five steps', async () => {
  const order = lab.place();

  expect(await order.outcome).toEqual({ status: 'confirmed', paymentId: `payment-of-${order.input.orderId}` });
  expect(await order.handle.result()).toEqual(await order.outcome);
  expect(order.calls.map((call) => call.activity)).toEqual([
    'validateUser',
    'reserveInventory',
    'createOrder',
    'processPayment',
    'confirmReservation',
    'confirmOrder',
  ]);
});

test('a declined card releases the stock and cancels the order', async () => {
  const order = lab.place({ processPayment: () => refuse('payment_declined') });

  expect(await order.outcome).toEqual({
    status: 'cancelled',
    failure: { step: 'ProcessPayment', reason: 'payment_declined', facts: {} },
  });
  expect(undosOf(order.calls)).toEqual(['releaseInventory', 'cancelOrder']);
});
