import { SAGA_STEPS, type StepName } from '../contracts/saga-steps.ts';

export type StepLimit = ReturnType<typeof createStepLimit>;

/** How long the step at work may still take; `limitMs` is what a step gets. */
export function createStepLimit(limitMs: number) {
  let endMs = Date.now() + limitMs;
  return {
    begin: (step: StepName): void => {
      if (SAGA_STEPS[step].budget === 'own') endMs = Date.now() + limitMs;
    },
    /** At least 1: a timeout of 0 would mean none. */
    remainingMs: () => Math.max(1, endMs - Date.now()),
  };
}
