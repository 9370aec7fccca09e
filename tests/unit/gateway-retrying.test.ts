import { expect, test } from '@jest/globals';
import { retryingOf } from '../../gateway/orders/workflow/retrying.ts';

const pending = (name: string, attempt = 3) => ({
  activityType: { name },
  attempt,
  lastFailure: { applicationFailureInfo: { type: 'unavailable' } },
});

test.each([
  ['processPayment', 'ProcessPayment'],
  ['refundPayment', 'ProcessPayment'],
  ['cancelOrder', 'CreateOrder'],
  ['confirm', 'ConfirmOrder'],
])('%s that is tried again is shown as its step, %s', (activity, step) => {
  expect(retryingOf([pending(activity)])).toEqual({ step, attempt: 3, nextAttemptAt: null, lastError: 'unavailable' });
});

test('what is at its first attempt, and what is no step, is not shown', () => {
  const first = { activityType: { name: 'confirm' }, attempt: 1 };
  expect(retryingOf([first, pending('dispatch')])).toBeUndefined();
});
