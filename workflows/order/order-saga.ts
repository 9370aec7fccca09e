import type { OrderActivities } from '../../contracts/activities.ts';
import type { OrderInput } from '../../contracts/order.ts';
import type { CancelCommand } from '../../contracts/order-commands.ts';
import { type CompensationStep, SAGA_STEPS, type StepMode } from '../../contracts/saga-steps.ts';
import { Budget } from './budget.ts';
import { callsByMode } from './calls.ts';
import { forwardPolicy, UNDO_ROUND } from './policies.ts';
import { Saga } from './saga.ts';
import { ORDER_STEPS, type Order, undoSubmission } from './steps.ts';

export type OrderSaga = Saga<Order>;

/** The saga of an order: each step is called in its mode and within its budget, each undo in rounds. */
export function createOrderSaga(input: OrderInput, cancelledBy: () => CancelCommand | null): OrderSaga {
  const budget = new Budget(input.stepLimitMs);
  const forward = callsByMode(() => forwardPolicy(budget.leftMs()));
  const backward = callsByMode(() => UNDO_ROUND);
  const order = (call: OrderActivities): Order => ({ input, call, cancelledBy: cancelledBy() });
  return new Saga({
    steps: ORDER_STEPS,
    undoSubmission,
    forward(step) {
      budget.begin(step);
      return order(forward[SAGA_STEPS[step].mode]);
    },
    backward: (of) => order(backward[modeOfUndo(of)]),
  });
}

/** An undo has the mode of its step: a refund asks the payment provider, slow and external, as the payment does. */
function modeOfUndo(of: CompensationStep): StepMode {
  return of === 'SubmitOrder' ? 'local-first' : SAGA_STEPS[of].mode;
}
