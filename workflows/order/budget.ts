import { SAGA_STEPS, type StepName } from '../../contracts/saga-steps.ts';

/** The time that the current step has left. A step with the budget `hold` continues the time of the step before it. */
export class Budget {
  readonly #limitMs: number;
  #endMs: number;

  /** `limitMs`: the time of a step that has a budget of its own. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#endMs = Date.now() + limitMs;
  }

  begin(step: StepName): void {
    if (SAGA_STEPS[step].budget === 'own') this.#endMs = Date.now() + this.#limitMs;
  }

  /** At least 1, because Temporal reads a timeout of 0 as no timeout. */
  leftMs(): number {
    return Math.max(1, this.#endMs - Date.now());
  }
}
