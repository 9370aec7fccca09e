import type { SagaStep } from '../contracts/order.ts';

// These steps work while stock is held for the order, so their time is the hold's: it began with ReserveInventory. That is
// how an order gives up paying well before its hold expires.
const ON_THE_TIME_OF_THE_HOLD: ReadonlySet<SagaStep> = new Set(['CreateOrder', 'ProcessPayment']);

export type StepLimit = ReturnType<typeof createStepLimit>;

/** How long the step at work may still take; `limitMs` is what a step gets. */
export function createStepLimit(limitMs: number) {
  let endMs = Date.now() + limitMs;
  return {
    begin: (step: SagaStep): void => {
      if (!ON_THE_TIME_OF_THE_HOLD.has(step)) endMs = Date.now() + limitMs;
    },
    /** At least 1: a timeout of 0 would mean none. */
    remainingMs: () => Math.max(1, endMs - Date.now()),
  };
}
