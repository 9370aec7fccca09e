import { expect, test } from '@jest/globals';
import type { OrderActivities } from '../../contracts/activities.ts';
import { COMPENSATION_STEPS, SAGA_STATES, SAGA_STEPS, STEP_NAMES, STEP_OF_ACTIVITY, UNDOES } from '../../contracts/saga-steps.ts';

test('keys and activities of the steps: a call under another key would happen twice', () => {
  expect(STEP_NAMES.map((step) => [SAGA_STEPS[step].activity, ...SAGA_STEPS[step].keys])).toEqual([
    ['validateUser'],
    ['reserveInventory', 'reserve'],
    ['createOrder', 'create'],
    ['processPayment', 'pay'],
    ['confirm', 'confirm-stock', 'confirm-order'],
  ]);
  expect([...UNDOES]).toEqual([
    ['cancelOrder', 'SubmitOrder'],
    ['releaseInventory', 'ReserveInventory'],
    ['refundPayment', 'ProcessPayment'],
  ]);
});

test('every activity of the saga takes or undoes one step, and no key or state belongs to two', () => {
  type Placed = Exclude<(typeof SAGA_STEPS)[keyof typeof SAGA_STEPS]['activity' | 'undo'], null> | 'cancelOrder';
  // Each does not compile when one has a name that the other lacks.
  const placed = {} as Record<Placed, true> satisfies Record<keyof OrderActivities, true>;
  const declared = {} as Record<keyof OrderActivities, true> satisfies Record<Placed, true>;
  expect(placed).toEqual(declared);

  const activities = STEP_NAMES.map((step) => SAGA_STEPS[step].activity);
  const keys = STEP_NAMES.flatMap((step) => [...SAGA_STEPS[step].keys]);
  for (const list of [[...activities, ...UNDOES.keys()], keys, SAGA_STATES, COMPENSATION_STEPS]) {
    expect(new Set(list).size).toBe(list.length);
  }
  expect(new Set(STEP_OF_ACTIVITY.keys())).toEqual(new Set([...activities, ...UNDOES.keys()]));
});
