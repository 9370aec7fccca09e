import { expect, test } from '@jest/globals';
import { EVENTS } from '../../contracts/events.ts';
import { ORDER_EVENTS } from '../../services/orders/domain/order-events.ts';
import { PAYMENT_EVENTS } from '../../services/payments/domain/payment-status.ts';
import { USER_EVENTS } from '../../services/users/domain/user.ts';

test('the services together emit exactly the types that contracts promise to receivers', () => {
  const emitted = [...ORDER_EVENTS, ...PAYMENT_EVENTS, ...USER_EVENTS];

  expect(emitted.toSorted()).toEqual(Object.keys(EVENTS).toSorted());
});

test('an event has one source', () => {
  const emitted = [...ORDER_EVENTS, ...PAYMENT_EVENTS, ...USER_EVENTS];

  expect(new Set(emitted).size).toBe(emitted.length);
});
