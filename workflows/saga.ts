/**
 * A saga: steps forward, and the undos of what has been attempted.
 *
 * SG1 An undo is registered before its step is attempted: a step that timed out may have happened.
 * SG2 Undos run newest first, each to completion; one that fails does not stop the others and is tried again.
 * SG4 The first failure is the one that counts; a failed undo is visible, never hidden.
 * SG5 A refusal proves that its step did not happen: that step's undo is dropped. A fault proves nothing and keeps it.
 *
 * Knows nothing of Temporal; the caller makes the undoing non-cancellable.
 */
import type { Refusal, Result } from '../contracts/activities.ts';
import type { OrderFailure, OrderStatusView } from '../contracts/order.ts';
import { type CompensationStep, SAGA_STEPS, type SagaState, type StepName } from '../contracts/saga-steps.ts';
import { type FailedUndo, type Undo, UndoList } from './undo-list.ts';

/** Ends the story of the saga; `refusal` is the step's answer. */
export class StepRefused extends Error {
  override readonly name = 'StepRefused';
  readonly failure: OrderFailure;

  constructor(step: StepName, { reason, facts }: Refusal) {
    super(`${step} was refused: ${reason}`);
    this.failure = { step, reason, facts };
  }
}

export class Saga {
  readonly #begin: (step: StepName) => void;
  readonly #undos = new UndoList();
  #state: SagaState = 'SagaInitiated';
  #step: StepName | null = null;
  #failure: OrderFailure | null = null;
  #needsAttention = false;

  /** `begin` is told each step before it is attempted. */
  constructor(begin: (step: StepName) => void) {
    this.#begin = begin;
  }

  /** Registers the undo of something that may have happened before or is attempted next (SG1). */
  register(of: CompensationStep, undo: Undo): void {
    this.#undos.register(of, undo);
  }

  /**
   * One step; `undo` is null when it changes nothing or an earlier undo covers it. Rejects with StepRefused. No async function, for
   * the reason that localFirst gives.
   */
  step<T extends object>(
    step: StepName,
    { undo, run }: { readonly undo: Undo | null; readonly run: () => Promise<Result<T>> },
  ): Promise<T> {
    this.#step = step;
    this.#begin(step);
    if (undo) this.register(step, undo);
    return run().then((result) => {
      if (isRefusal(result)) {
        if (undo) this.#undos.drop(step);
        throw new StepRefused(step, result);
      }
      this.#state = SAGA_STEPS[step].reaches;
      return result;
    });
  }

  complete(): void {
    this.#state = 'SagaCompleted';
    this.#step = null;
  }

  /**
   * Undoes everything, newest first (SG2). `afterFailures` is told of each round in which undos failed, and waits before the
   * next one. Errors that `isFatal` are rethrown at once.
   */
  async compensate(
    failure: OrderFailure,
    options: {
      readonly isFatal: (error: unknown) => boolean;
      readonly afterFailures: (failed: readonly FailedUndo[], round: number) => Promise<void>;
    },
  ): Promise<void> {
    this.#state = 'Compensating';
    this.#step = null;
    this.#failure = failure;
    for (let round = 1; this.#undos.open().length > 0; round++) {
      const failed = await this.#undos.tryEach(failure, options.isFatal);
      this.#needsAttention = failed.length > 0;
      if (failed.length > 0) await options.afterFailures(failed, round);
    }
    this.#needsAttention = false;
    this.#state = 'SagaFailed';
  }

  /** The step at work; null before the first one and when there is none. */
  get currentStep(): StepName | null {
    return this.#step;
  }

  /** Steps whose undo is still to be done, newest first; while the saga goes forward, what would be undone. */
  openUndos(): CompensationStep[] {
    return this.#undos.open();
  }

  /** Somebody has undone the step by other means. */
  resolveUndo(of: CompensationStep): void {
    this.#undos.drop(of);
  }

  view(): OrderStatusView {
    const view = { sagaState: this.#state, step: this.#step, failure: this.#failure, needsAttention: this.#needsAttention };
    return this.#needsAttention ? { ...view, openUndos: this.openUndos() } : view;
  }
}

function isRefusal(result: Result): result is Refusal {
  return !result.ok;
}
