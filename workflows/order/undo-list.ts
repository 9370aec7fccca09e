import type { OrderFailure } from '../../contracts/order.ts';
import type { CompensationStep } from '../../contracts/saga-steps.ts';

/** Reverts a step, whether or not it happened. */
export type Undo = (why: OrderFailure) => Promise<void>;

export type FailedUndo = { readonly of: CompensationStep; readonly error: unknown };

/** The undos of steps that may have happened and are not yet undone. Knows nothing of Temporal. */
export class UndoList {
  readonly #entries: { readonly of: CompensationStep; readonly undo: Undo }[] = [];

  /**
   * Registers the undo of a step that may have happened or is attempted next (SG1). An undo that is registered already keeps its
   * place.
   */
  register(of: CompensationStep, undo: Undo): void {
    if (this.#has(of)) return;
    this.#entries.push({ of, undo });
  }

  /** Removes an undo that is done or not needed: its step did not happen (SG5), or an operator resolved it. */
  drop(of: CompensationStep): void {
    const at = this.#entries.findIndex((entry) => entry.of === of);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** The steps whose undos are open, newest first. */
  open(): CompensationStep[] {
    return this.#entries.map(({ of }) => of).reverse();
  }

  /** Tries each open undo once, newest first (SG2). Rethrows an error that is `isFatal` immediately. */
  async tryEach(failure: OrderFailure, isFatal: (error: unknown) => boolean): Promise<FailedUndo[]> {
    const failed: FailedUndo[] = [];
    for (const { of, undo } of this.#entries.toReversed()) {
      // It was dropped, by an operator's resolve, while the undo before it ran.
      if (!this.#has(of)) continue;
      try {
        await undo(failure);
        this.drop(of);
      } catch (error: unknown) {
        if (isFatal(error)) throw error;
        if (this.#has(of)) failed.push({ of, error });
      }
    }
    return failed;
  }

  #has(of: CompensationStep): boolean {
    return this.#entries.some((entry) => entry.of === of);
  }
}
