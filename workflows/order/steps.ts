/**
 * The steps of the saga: what each of them runs and how it is undone. Names, states, keys, modes and budgets are in
 * contracts/saga-steps.
 */
import type { OrderActivities } from '../../contracts/activities.ts';
import { stepKey, undoKey } from '../../contracts/ids.ts';
import type { Line, Money, PricedLine } from '../../contracts/money.ts';
import type { OrderInput } from '../../contracts/order.ts';
import type { CancelCommand } from '../../contracts/order-commands.ts';
import { STEP_NAMES, type StepName } from '../../contracts/saga-steps.ts';
import type { Step, UndoOf } from './saga.ts';

/** The order as a step or its undo sees it. */
export type StepContext = {
  readonly input: OrderInput;
  /** Calls activities in the mode of the step. An undo has the mode of the step that it undoes. */
  readonly call: OrderActivities;
  /** The command that cancelled the order; null when there is none, or only a cancel request from Temporal. */
  readonly cancelledBy: CancelCommand | null;
};

function defineStep<Given = undefined, Done extends object = object>(
  step: Step<StepContext, Given, Done>,
): Step<StepContext, Given, Done> {
  return step;
}

/** Undoes the submission, which happened before the workflow started. The same call undoes CreateOrder. */
export const undoSubmission: UndoOf<StepContext> = ({ input: { orderId }, call, cancelledBy }, { reason, step, facts }) =>
  call.cancelOrder({
    orderId,
    key: undoKey(orderId, 'submit'),
    undoesKey: stepKey(orderId, 'create'),
    reason,
    failedStep: step,
    facts,
    ...(reason === 'order_cancelled' && cancelledBy ? { actorId: cancelledBy.actorId, note: cancelledBy.reason } : {}),
  });

/** The user exists and is active. */
export const ValidateUser = defineStep({
  name: 'ValidateUser',
  run: ({ input: { userId }, call }) => call.validateUser({ userId }),
});

/** Holds the stock of every line and returns its price at the submission. Undone by releasing the stock. */
export const ReserveInventory = defineStep({
  name: 'ReserveInventory',
  run: ({ input: { orderId, submittedAt }, call }, { lines }: { readonly lines: readonly Line[] }) =>
    call.reserveInventory({ orderId, key: stepKey(orderId, 'reserve'), lines, pricesAsOf: submittedAt }),
  undo: ({ input: { orderId }, call }) =>
    call.releaseInventory({ orderId, key: undoKey(orderId, 'reserve'), undoesKey: stepKey(orderId, 'reserve') }),
});

/** Prices the lines and writes the order's totals. Undone with the submission. */
export const CreateOrder = defineStep({
  name: 'CreateOrder',
  run: ({ input: { orderId }, call }, { lines }: { readonly lines: readonly PricedLine[] }) =>
    call.createOrder({ orderId, key: stepKey(orderId, 'create'), lines }),
});

/** Charges the customer. Undone by a refund, or by voiding a charge that was only authorised. */
export const ProcessPayment = defineStep({
  name: 'ProcessPayment',
  run: ({ input: { orderId, userId, paymentMethod }, call }, { amount }: { readonly amount: Money }) =>
    call.processPayment({ orderId, key: stepKey(orderId, 'pay'), userId, amount, paymentMethod }),
  undo: ({ input: { orderId }, call }, { reason }) =>
    call.refundPayment({ orderId, key: undoKey(orderId, 'pay'), undoesKey: stepKey(orderId, 'pay'), reason }),
});

/**
 * Confirms the reservation, so that it no longer expires, and marks the order PAID. Undone by the undos of the steps before it.
 */
export const ConfirmOrder = defineStep({
  name: 'ConfirmOrder',
  run: ({ input: { orderId }, call }, { paymentId }: { readonly paymentId: string }) =>
    call.confirm({
      orderId,
      paymentId,
      stockKey: stepKey(orderId, 'confirm-stock'),
      orderKey: stepKey(orderId, 'confirm-order'),
    }),
});

const STEPS: { readonly [Name in StepName]: Step<StepContext, never> } = {
  ValidateUser,
  ReserveInventory,
  CreateOrder,
  ProcessPayment,
  ConfirmOrder,
};

/** In the order in which they run. */
export const ORDER_STEPS: readonly Step<StepContext, never>[] = STEP_NAMES.map((name) => STEPS[name]);
