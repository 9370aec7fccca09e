import { expect, test } from '@jest/globals';
import { REASONS } from '../../contracts/reasons.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import {
  NEXT_STATUSES,
  ORDER_STATUSES,
  type OrderStatus,
  requireTransition,
  statusesBefore,
} from '../../services/orders/entity.ts';
import * as errors from '../../services/orders/errors.ts';

const BEFORE_SHIPPING: readonly OrderStatus[] = ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'];

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
            code: 'FAILED_PRECONDITION',
            reason: 'illegal_transition',
            facts: { current_status: current, attempted_status: attempted },
          }),
        );
      }
    }
  }
});

test('every refusal has a reason of the closed set', () => {
  const all = [
    errors.orderNotFound('id'),
    errors.illegalTransition('PAID', 'PAID'),
    errors.linesDiffer('id'),
    errors.mixedCurrencies(['EUR', 'CHF']),
    errors.amountTooLarge(),
    errors.deliveredTooEarly(),
    errors.deliveredTooLate(),
    errors.needsData('PAID', 'ConfirmOrder'),
    errors.reasonMissing('CANCELLED'),
    errors.malformedCursor(),
    errors.returnExceedsOrder({ productId: 'id', returnable: 0 }),
    errors.returnNotFound('id'),
    errors.returnIdTaken('id'),
  ];
  expect(all).toHaveLength(Object.keys(errors).length);
  for (const error of all) {
    expect(error).toBeInstanceOf(StatusError);
    expect(REASONS).toContain(error.reason);
  }
});
