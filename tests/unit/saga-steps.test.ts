import { expect, test } from '@jest/globals';
import {
  type ForwardCall,
  type OrderActivities,
  SAGA,
  SAGA_STATES,
  SAGA_STEPS,
  UNDOES,
  type UndoCall,
} from '../../contracts/activities.ts';

test('the names under which open orders were begun stay: a call under another key would happen twice', () => {
  const keys = Object.assign({}, ...SAGA_STEPS.map((step) => SAGA[step].calls));
  expect(keys).toMatchObject({
    validateUser: null,
    reserveInventory: 'reserve',
    createOrder: 'create',
    processPayment: 'pay',
    confirmReservation: 'confirm-stock',
    confirmOrder: 'confirm-order',
  });
  expect(Object.fromEntries(UNDOES)).toMatchObject({
    cancelOrder: 'SubmitOrder',
    releaseInventory: 'ReserveInventory',
    refundPayment: 'ProcessPayment',
  });
});

test('every activity of the saga is a call of one step or an undo, and no key or state belongs to two', () => {
  type Unplaced = Exclude<keyof OrderActivities, ForwardCall | UndoCall>;
  const nothingIsUnplaced: [Unplaced] extends [never] ? true : Unplaced = true;
  expect(nothingIsUnplaced).toBe(true);

  const calls = SAGA_STEPS.flatMap((step) => Object.entries(SAGA[step].calls));
  const names = [...calls.map(([call]) => call), ...UNDOES.keys()];
  const keys = calls.flatMap(([, key]) => (key === null ? [] : [key]));
  for (const list of [names, keys, SAGA_STATES]) expect(new Set(list).size).toBe(list.length);
});
