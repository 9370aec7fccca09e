import { expect, test } from '@jest/globals';
import { EVENTS } from '../../contracts/events.ts';
import { ORDER_EVENTS } from '../../services/orders/domain/order-events.ts';
import { PAYMENT_EVENTS } from '../../services/payments/domain/payment-status.ts';
import type { UserEventType } from '../../services/users/domain/user.ts';

/** Every member of the union of users, or this does not compile. */
const USER_EVENTS: Readonly<Record<UserEventType, true>> = { 'user.registered': true, 'user.deactivated': true };

test('what the services emit together is exactly what contracts promise to receivers', () => {
  const emitted = [...ORDER_EVENTS, ...PAYMENT_EVENTS, ...Object.keys(USER_EVENTS)];

  expect(emitted.toSorted()).toEqual(Object.keys(EVENTS).toSorted());
});

test('an event has one source', () => {
  const emitted = [...ORDER_EVENTS, ...PAYMENT_EVENTS, ...Object.keys(USER_EVENTS)];

  expect(new Set(emitted).size).toBe(emitted.length);
});
