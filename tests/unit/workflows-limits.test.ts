import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { gatewayConfig } from '../../gateway/config.ts';
import { productsConfig } from '../../services/products/config.ts';
import { Budget } from '../../workflows/order/budget.ts';
import { pauseAfterRoundMs } from '../../workflows/order/policies.ts';

const MINUTE_MS = 60_000;

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});

afterEach(() => {
  jest.useRealTimers();
});

test('E8 each step gets the whole limit, but paying ends with the time of the hold', () => {
  const budget = new Budget(10 * MINUTE_MS);
  const remaining: Record<string, number> = {};
  for (const step of ['ValidateUser', 'ReserveInventory', 'CreateOrder', 'ProcessPayment', 'ConfirmOrder'] as const) {
    budget.begin(step);
    remaining[step] = budget.leftMs() / MINUTE_MS;
    jest.advanceTimersByTime(3 * MINUTE_MS);
  }

  expect(remaining).toEqual({ ValidateUser: 10, ReserveInventory: 10, CreateOrder: 7, ProcessPayment: 4, ConfirmOrder: 10 });
});

test('E8 unless told otherwise a hold outlives the saga that pays for it, by more than one attempt', () => {
  const holdMs = productsConfig.shape.RESERVATION_TTL_MS.parse(undefined);
  const stepLimitMs = gatewayConfig.shape.SAGA_STEP_LIMIT_MS.parse(undefined);
  // The last attempt may begin at the very end and take its ten seconds.
  expect(holdMs).toBeGreaterThan(stepLimitMs + MINUTE_MS);
});

test('a step that begins when its time is over still has a limit, because none would mean no limit', () => {
  const budget = new Budget(1_000);
  budget.begin('ReserveInventory');
  jest.advanceTimersByTime(5_000);

  expect(budget.leftMs()).toBe(1);
});

test('rounds of failed undos come from a minute up to an hour apart', () => {
  expect([1, 2, 3, 6, 7, 100].map((round) => pauseAfterRoundMs(round) / MINUTE_MS)).toEqual([1, 2, 4, 32, 60, 60]);
});
