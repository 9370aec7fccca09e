import type { OrderActivities } from '../../contracts/activities.ts';
import type { OrderInput } from '../../contracts/order.ts';
import type { CancelCommand } from '../../contracts/order-commands.ts';
import { type CompensationStep, SAGA_STEPS, type StepMode } from '../../contracts/saga-steps.ts';
import { Budget } from './budget.ts';
import { callsByMode } from './calls.ts';
import { forwardPolicy, UNDO_ROUND } from './policies.ts';
import { Saga } from './saga.ts';
import { ORDER_STEPS, type StepContext, undoSubmission } from './steps.ts';

export type OrderSaga = Saga<StepContext>;

/** The saga of an order. Each step is called in its mode and within its budget; undos are called in rounds. */
export function createOrderSaga(input: OrderInput, cancelledBy: () => CancelCommand | null): OrderSaga {
  const budget = new Budget(input.stepLimitMs);
  const forward = callsByMode(() => forwardPolicy(budget.leftMs()));
  const backward = callsByMode(() => UNDO_ROUND);
  const context = (call: OrderActivities): StepContext => ({ input, call, cancelledBy: cancelledBy() });
  return new Saga({
    steps: ORDER_STEPS,
    undoSubmission,
    forward(step) {
      budget.begin(step);
      return context(forward[SAGA_STEPS[step].mode]);
    },
    backward: (of) => context(backward[modeOfUndo(of)]),
  });
}

/** An undo has the mode of its step. A refund is regular, because it calls the payment provider as the payment does. */
function modeOfUndo(of: CompensationStep): StepMode {
  return of === 'SubmitOrder' ? 'local-first' : SAGA_STEPS[of].mode;
}
