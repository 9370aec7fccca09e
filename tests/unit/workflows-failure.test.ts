import { expect, test } from '@jest/globals';
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { DeterminismViolationError } from '@temporalio/workflow';
import { failureOf, mustFailTheTask } from '../../workflows/order/failure.ts';
import { StepRefused } from '../../workflows/order/saga.ts';

const AT = { step: 'ProcessPayment', cancelled: false } as const;

function failedWith(cause: Error): ActivityFailure {
  return new ActivityFailure('Activity failed', 'processPayment', '1', 'TIMEOUT', 'worker', cause);
}

test('a refusal keeps its reason, even when a cancel request came meanwhile', () => {
  const refused = new StepRefused('ProcessPayment', { ok: false, reason: 'fraud_review', facts: { score: '9' } });

  const failure = { step: 'ProcessPayment', reason: 'fraud_review', facts: { score: '9' } };
  expect(failureOf(refused, AT)).toEqual(failure);
  expect(failureOf(refused, { ...AT, cancelled: true })).toEqual(failure);
});

test('whatever is thrown after a cancel request is a cancellation', () => {
  for (const error of [
    new CancelledFailure('cancelled'),
    failedWith(new TimeoutFailure(undefined, undefined, 'START_TO_CLOSE')),
  ]) {
    expect(failureOf(error, { ...AT, cancelled: true })).toEqual({ step: null, reason: 'order_cancelled', facts: {} });
  }
});

test.each([
  ['a timeout', failedWith(new TimeoutFailure(undefined, undefined, 'SCHEDULE_TO_CLOSE')), 'unavailable'],
  ['a fault that was tried again', failedWith(ApplicationFailure.retryable('down', 'unavailable')), 'unavailable'],
  ['a fault that trying again cannot mend', failedWith(ApplicationFailure.nonRetryable('bad', 'validation_failed')), 'internal'],
  ['a bug in workflow code', new TypeError('undefined'), 'internal'],
  ['something thrown that is no error', 'a string', 'internal'],
])('%s belongs to the step at work', (_, error, reason) => {
  expect(failureOf(error, AT)).toEqual({ step: 'ProcessPayment', reason, facts: {} });
});

test('only code that is not deterministic fails its task', () => {
  expect(mustFailTheTask(new DeterminismViolationError('WeakRef'))).toBe(true);
  expect(mustFailTheTask(new TypeError('undefined'))).toBe(false);
  expect(mustFailTheTask(new CancelledFailure('cancelled'))).toBe(false);
});
