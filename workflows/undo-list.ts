import type { OrderFailure } from '../contracts/order.ts';
import type { CompensationStep } from '../contracts/saga-steps.ts';

/** Makes a step as if it had never been, whether or not it happened. */
export type Undo = (why: OrderFailure) => Promise<void>;

export type FailedUndo = { readonly of: CompensationStep; readonly error: unknown };

/** The undos of what has been attempted and not yet undone. Knows nothing of Temporal. */
export class UndoList {
  readonly #entries: { readonly of: CompensationStep; readonly undo: Undo }[] = [];

  /** Of something that may have happened already or is attempted next (SG1). What is registered stays where it is. */
  register(of: CompensationStep, undo: Undo): void {
    if (this.#has(of)) return;
    this.#entries.push({ of, undo });
  }

  /** Forgets an undo: its step did not happen (SG5), or somebody has undone it by other means. */
  drop(of: CompensationStep): void {
    const at = this.#entries.findIndex((entry) => entry.of === of);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Whose undos are open, newest first. */
  open(): CompensationStep[] {
    return this.#entries.map(({ of }) => of).reverse();
  }

  /** Tries each open undo once, newest first (SG2). Errors that `isFatal` are rethrown at once. */
  async tryEach(failure: OrderFailure, isFatal: (error: unknown) => boolean): Promise<FailedUndo[]> {
    const failed: FailedUndo[] = [];
    for (const { of, undo } of this.#entries.toReversed()) {
      // Dropped while the one before it ran.
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
