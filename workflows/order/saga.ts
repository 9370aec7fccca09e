/**
 * A saga: steps forward, and the undos of the steps that may have happened.
 *
 * SG1 An undo is registered before its step is attempted: a step that timed out may have happened. The history records local
 *     attempts only when their workflow task completes, so a worker that died may have gone further than the history shows: the
 *     undos of a run of consecutive local-first steps are registered before the first of them starts.
 * SG2 Undos run newest first, each to completion; one that fails does not stop the others and is tried again.
 * SG4 The first failure is the one that counts; a failed undo is visible, never hidden.
 * SG5 A refusal proves that its step did not happen: that step's undo is dropped. A fault proves nothing and keeps it.
 *
 * Knows nothing of Temporal; the caller makes the undoing non-cancellable.
 */
import type { Refusal, Result } from '../../contracts/activities.ts';
import type { OrderFailure, OrderStatusView } from '../../contracts/order.ts';
import { type CompensationStep, SAGA_STEPS, type SagaState, type StepName } from '../../contracts/saga-steps.ts';
import { type FailedUndo, UndoList } from './undo-list.ts';

/** What a step does; `Order` is what it sees of its order, and `Given` is the result of earlier steps that it needs. */
export type Step<Order, Given = undefined, Done extends object = object> = {
  readonly name: StepName;
  readonly run: (order: Order, given: Given) => Promise<Result<Done>>;
  /** Absent: the step changes nothing, or another undo covers it. */
  readonly undo?: UndoOf<Order>;
};

export type UndoOf<Order> = (order: Order, why: OrderFailure) => Promise<void>;

/** Ends the story of the saga; `failure` is the step's answer. */
export class StepRefused extends Error {
  override readonly name = 'StepRefused';
  readonly failure: OrderFailure;

  constructor(step: StepName, { reason, facts }: Refusal) {
    super(`${step} was refused: ${reason}`);
    this.failure = { step, reason, facts };
  }
}

export class Saga<Order> {
  readonly #steps: readonly Step<Order, never>[];
  readonly #forward: (step: StepName) => Order;
  readonly #backward: (of: CompensationStep) => Order;
  readonly #undos = new UndoList();
  #state: SagaState = 'SagaInitiated';
  #step: StepName | null = null;
  #failure: OrderFailure | null = null;
  #needsAttention = false;

  constructor(given: {
    /** Every step, in the order of the story. */
    readonly steps: readonly Step<Order, never>[];
    /** The order as the step sees it that is about to be attempted. */
    readonly forward: (step: StepName) => Order;
    /** The order as the undo sees it. */
    readonly backward: (of: CompensationStep) => Order;
    /** Of the submission, which happened before the saga. */
    readonly undoSubmission: UndoOf<Order>;
  }) {
    this.#steps = given.steps;
    this.#forward = given.forward;
    this.#backward = given.backward;
    this.#register('SubmitOrder', given.undoSubmission);
  }

  /** Takes one step. Rejects with StepRefused. No async function, for the reason that localFirst gives. */
  run<Done extends object>(step: Step<Order, undefined, Done>): Promise<Done>;
  run<Given, Done extends object>(step: Step<Order, Given, Done>, given: Given): Promise<Done>;
  run<Given, Done extends object>(step: Step<Order, Given | undefined, Done>, given?: Given): Promise<Done> {
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
   * Undoes everything, newest first (SG2). `afterFailures` hears of each round in which undos failed, and waits before the next
   * one. Rethrows errors that are `isFatal` immediately.
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

  /** Steps whose undo is still to be done, newest first; while the saga goes forward, the steps that would be undone. */
  openUndos(): CompensationStep[] {
    return this.#undos.open();
  }

  /** The step was undone by other means. */
  resolveUndo(of: CompensationStep): void {
    this.#undos.drop(of);
  }

  view(): OrderStatusView {
    const view = { sagaState: this.#state, step: this.#step, failure: this.#failure, needsAttention: this.#needsAttention };
    return this.#needsAttention ? { ...view, openUndos: this.openUndos() } : view;
  }

  #register(of: CompensationStep, undo: UndoOf<Order>): void {
    this.#undos.register(of, (why) => undo(this.#backward(of), why));
  }

  /** The step, and the local-first steps that follow it directly when it is one itself (SG1). */
  #runFrom(name: StepName): readonly Step<Order, never>[] {
    const from = this.#steps.slice(this.#steps.findIndex((step) => step.name === name));
    const end = from.findIndex((step) => SAGA_STEPS[step.name].mode === 'regular');
    return end < 0 ? from : from.slice(0, Math.max(end, 1));
  }
}

function isRefusal(result: Result): result is Refusal {
  return !result.ok;
}
