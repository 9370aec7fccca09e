/**
 * A saga: steps forward, and the undos of the steps that may have happened.
 *
 * SG1 An undo is registered before its step is attempted, because a step that timed out may have happened. The history records
 *     local attempts only when their workflow task completes. A worker that died may therefore have gone further than the history
 *     shows. So the undos of consecutive local-first steps are all registered before the first of these steps starts.
 * SG2 Undos run newest first, each to completion. A failed undo does not stop the others and is retried.
 * SG4 The first failure is the saga's failure. A failed undo is visible, never hidden.
 * SG5 A refusal proves that its step did not happen, so that step's undo is dropped. A fault proves nothing, so its undo is kept.
 *
 * Does not depend on Temporal. The caller runs the undos in a non-cancellable scope.
 */
import type { Refusal, Result } from '../../contracts/activities.ts';
import type { OrderFailure, OrderStatusView } from '../../contracts/order.ts';
import { type CompensationStep, SAGA_STEPS, type SagaState, type StepName } from '../../contracts/saga-steps.ts';
import { type FailedUndo, UndoList } from './undo-list.ts';

/** One step. `Context` is the order as a step sees it; `Given` is the part of earlier results that the step needs. */
export type Step<Context, Given = undefined, Done extends object = object> = {
  readonly name: StepName;
  readonly run: (order: Context, given: Given) => Promise<Result<Done>>;
  /** Absent: the step changes nothing, or another undo covers it. */
  readonly undo?: UndoOf<Context>;
};

export type UndoOf<Context> = (order: Context, why: OrderFailure) => Promise<void>;

/** Ends the forward steps of the saga. `failure` is the step's answer. */
export class StepRefused extends Error {
  override readonly name = 'StepRefused';
  readonly failure: OrderFailure;

  constructor(step: StepName, { reason, facts }: Refusal) {
    super(`${step} was refused: ${reason}`);
    this.failure = { step, reason, facts };
  }
}

export class Saga<Context> {
  readonly #steps: readonly Step<Context, never>[];
  readonly #forward: (step: StepName) => Context;
  readonly #backward: (of: CompensationStep) => Context;
  readonly #undos = new UndoList();
  #state: SagaState = 'SagaInitiated';
  #step: StepName | null = null;
  #failure: OrderFailure | null = null;
  #needsAttention = false;

  constructor(given: {
    /** Every step, in the order in which they run. */
    readonly steps: readonly Step<Context, never>[];
    /** The context of the step that is about to be attempted. */
    readonly forward: (step: StepName) => Context;
    /** The context of an undo. */
    readonly backward: (of: CompensationStep) => Context;
    /** The undo of the submission, which happened before the saga. */
    readonly undoSubmission: UndoOf<Context>;
  }) {
    this.#steps = given.steps;
    this.#forward = given.forward;
    this.#backward = given.backward;
    this.#register('SubmitOrder', given.undoSubmission);
  }

  /** Takes one step. Rejects with StepRefused. No async function, for the reason that localFirst gives. */
  run<Done extends object>(step: Step<Context, undefined, Done>): Promise<Done>;
  run<Given, Done extends object>(step: Step<Context, Given, Done>, given: Given): Promise<Done>;
  run<Given, Done extends object>(step: Step<Context, Given | undefined, Done>, given?: Given): Promise<Done> {
    const { name } = step;
    this.#step = name;
    for (const ahead of this.#runFrom(name)) if (ahead.undo) this.#register(ahead.name, ahead.undo);
    return step.run(this.#forward(name), given).then((result) => {
      if (isRefusal(result)) {
        this.#undos.drop(name);
        throw new StepRefused(name, result);
      }
      this.#state = SAGA_STEPS[name].reaches;
      return result;
    });
  }

  complete(): void {
    this.#state = 'SagaCompleted';
    this.#step = null;
  }

  /**
   * Undoes everything, newest first (SG2). `afterFailures` is called after each round with failures, and waits until the next
   * round is due. Rethrows an error that is `isFatal` immediately.
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

  /** The current step; null before the first step and after the last. */
  get currentStep(): StepName | null {
    return this.#step;
  }

  /** Steps whose undo is not done yet, newest first. While the saga goes forward: the steps that a failure would undo. */
  openUndos(): CompensationStep[] {
    return this.#undos.open();
  }

  /** Drops the undo of a step that an operator has undone by other means. */
  resolveUndo(of: CompensationStep): void {
    this.#undos.drop(of);
  }

  view(): OrderStatusView {
    const view = { sagaState: this.#state, step: this.#step, failure: this.#failure, needsAttention: this.#needsAttention };
    return this.#needsAttention ? { ...view, openUndos: this.openUndos() } : view;
  }

  #register(of: CompensationStep, undo: UndoOf<Context>): void {
    this.#undos.register(of, (why) => undo(this.#backward(of), why));
  }

  /** The step. If it is local-first, also the local-first steps that directly follow it (SG1). */
  #runFrom(name: StepName): readonly Step<Context, never>[] {
    const from = this.#steps.slice(this.#steps.findIndex((step) => step.name === name));
    const end = from.findIndex((step) => SAGA_STEPS[step.name].mode === 'regular');
    return end < 0 ? from : from.slice(0, Math.max(end, 1));
  }
}

function isRefusal(result: Result): result is Refusal {
  return !result.ok;
}
