import { expect, test } from '@jest/globals';
import { CODES, toStatus } from '../../services/orders/api/errors.ts';
import { invalidField, orderNotFound, refused, returnIdTaken } from '../../services/orders/domain/errors.ts';
import { NEXT_STATUSES, ORDER_STATUSES, type OrderStatus, requireTransition } from '../../services/orders/domain/order-status.ts';

const BEFORE_SHIPPING: readonly OrderStatus[] = ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'];

function statusesBefore(status: OrderStatus): OrderStatus[] {
  return ORDER_STATUSES.filter((before) => NEXT_STATUSES[before].includes(status));
}

test('an order goes from submission to delivery one status at a time', () => {
  const way: readonly OrderStatus[] = ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED'];
  const forward = ORDER_STATUSES.flatMap((from) =>
    NEXT_STATUSES[from].filter((to) => to !== 'CANCELLED' && to !== 'RETURNED').map((to) => [from, to]),
  );
  expect(forward).toEqual(way.slice(1).map((to, index) => [way[index], to]));
});

test('an order is cancelled before shipping only, and returned after shipping only', () => {
  expect(statusesBefore('CANCELLED')).toEqual(BEFORE_SHIPPING);
  expect(statusesBefore('RETURNED')).toEqual(['SHIPPED', 'DELIVERED']);
});

test('a cancelled and a returned order move no more', () => {
  expect(NEXT_STATUSES.CANCELLED).toEqual([]);
  expect(NEXT_STATUSES.RETURNED).toEqual([]);
});

test('every pair of statuses is either allowed or refused with both statuses named', () => {
  for (const current of ORDER_STATUSES) {
    for (const attempted of ORDER_STATUSES) {
      const move = () => requireTransition(current, attempted);
      if (NEXT_STATUSES[current].includes(attempted)) expect(move).not.toThrow();
      else {
        expect(move).toThrow(
          expect.objectContaining({
            reason: 'illegal_transition',
            facts: { current_status: current, attempted_status: attempted },
          }),
        );
      }
    }
  }
});

test('a refusal keeps its reason and facts as a status, and a wrong field is an invalid argument', () => {
  for (const [error, code, facts] of [
    [orderNotFound('id'), 'NOT_FOUND', { order_id: 'id' }],
    [returnIdTaken('id'), 'FAILED_PRECONDITION', { return_id: 'id' }],
    [refused('illegal_transition', 'No', { a: 'b' }), 'FAILED_PRECONDITION', { a: 'b' }],
    [invalidField('cursor', 'is not one'), 'INVALID_ARGUMENT', {}],
  ] as const) {
    expect(toStatus(error)).toMatchObject({ code, reason: error.reason, facts, violations: error.violations });
  }
  expect(Object.keys(CODES)).toHaveLength(5);
  const fault = new Error('of something else');
  expect(toStatus(fault)).toBe(fault);
});
