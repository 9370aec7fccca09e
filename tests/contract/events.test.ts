import { expect, test } from '@jest/globals';
import { EVENTS } from '../../contracts/events.ts';
import { ORDER_EVENTS } from '../../services/orders/domain/order-events.ts';
import { PAYMENT_EVENTS } from '../../services/payments/domain/payment-status.ts';
import { USER_EVENTS } from '../../services/users/domain/user.ts';

const emitted = [...ORDER_EVENTS, ...PAYMENT_EVENTS, ...USER_EVENTS];

test('what the services emit together is exactly what contracts promise to receivers', () => {
  expect(emitted.toSorted()).toEqual(Object.keys(EVENTS).toSorted());
});

test('an event has one source', () => {
  expect(new Set(emitted).size).toBe(emitted.length);
});
