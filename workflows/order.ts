/**
 * One order: five steps, and all of them undone when one cannot be taken; then its life (order-life.ts) to its end.
 *
 * SG1, SG2, SG4, SG5 are upheld in saga.ts.
 * SG7 Every started order ends in exactly one outcome, also when this code has a bug.
 */
import { allHandlersFinished, CancellationScope, condition, log, proxyActivities, setHandler } from '@temporalio/workflow';
import type { OrderActivities } from '../contracts/activities.ts';
import { stepKey, undoKey } from '../contracts/ids.ts';
import {
  type OrderEnd,
  type OrderFailure,
  type OrderInput,
  type OrderOutcome,
  outcomeUpdate,
  statusQuery,
} from '../contracts/order.ts';
import type { CancelCommand } from '../contracts/order-commands.ts';
import { forwardPolicy, LOCAL_ATTEMPT, undoPolicy } from './activity-policies.ts';
import { localFirst } from './local-first.ts';
import { showCancelled, showCompensating, showPaid } from './order-attributes.ts';
import { acceptCommands, acceptInterventions, createLife, createParking, liveOn } from './order-commands.ts';
import { failureOf, mustFailTheTask } from './order-failure.ts';
import type { Parking } from './parking.ts';
import { Saga } from './saga.ts';
import { createStepLimit, type StepLimit } from './step-limit.ts';
import type { FailedUndo } from './undo-list.ts';

/** Who asked for the order to be cancelled, first. */
type Cancelled = { by: CancelCommand | null };

type Story = { readonly saga: Saga; readonly limit: StepLimit; readonly cancelled: Cancelled };

export async function order(input: OrderInput): Promise<OrderEnd> {
  const limit = createStepLimit(input.stepLimitMs);
  const saga = new Saga(limit.begin);
  const story = new CancellationScope();
  const cancelled: Cancelled = { by: null };
  const parking = createParking(input, saga);
  const undo = (why: OrderFailure) => undoAll(saga, parking, why);
  const life = createLife(input, undo);
  const ended = Promise.withResolvers<OrderOutcome>();
  setHandler(statusQuery, () => saga.view());
  setHandler(outcomeUpdate, () => ended.promise);
  acceptInterventions(parking);
  acceptCommands(life, (command) => {
    cancelled.by ??= command;
    story.cancel();
  });

  const outcome = await life.begin(() =>
    settle(saga, story, { run: () => confirmOrder(input, { saga, limit, cancelled }), undo }),
  );
  ended.resolve(outcome);
  // A cancel request is a command to a living order and nothing to one that has ended.
  return CancellationScope.nonCancellable(async () => {
    const end = outcome.status === 'confirmed' ? await liveOn(life, outcome, input.returnWindowMs) : outcome;
    await condition(allHandlersFinished);
    return end;
  });
}

/** The story. Every undo stands before its step. */
async function confirmOrder(input: OrderInput, { saga, limit, cancelled }: Story): Promise<OrderOutcome> {
  const { orderId, userId } = input;
  const regular = () => forwardPolicy(limit.remainingMs());
  const steps = localFirst<OrderActivities>({ local: LOCAL_ATTEMPT, regular });
  const undos = localFirst<OrderActivities>({ local: LOCAL_ATTEMPT, regular: () => undoPolicy() });
  // A refund asks the payment provider: slow and external, as the payment is.
  const { refundPayment } = proxyActivities<OrderActivities>(undoPolicy());

  // Step 0, the submission, was taken before the workflow started; its undo is CreateOrder's too.
  saga.register('SubmitOrder', ({ reason, step, facts }) =>
    undos.cancelOrder({
      orderId,
      key: undoKey(orderId, 'submit'),
      undoesKey: stepKey(orderId, 'create'),
      reason,
      failedStep: step,
      facts,
      ...(reason === 'order_cancelled' && cancelled.by ? { actorId: cancelled.by.actorId, note: cancelled.by.reason } : {}),
    }),
  );

  // A worker that died may have gone further than the history says: of local attempts nothing is written until their task ends.
  const release = () =>
    undos.releaseInventory({ orderId, key: undoKey(orderId, 'reserve'), undoesKey: stepKey(orderId, 'reserve') });
  saga.register('ReserveInventory', release);

  await saga.step('ValidateUser', { undo: null, run: () => steps.validateUser({ userId }) });

  const reserved = await saga.step('ReserveInventory', {
    undo: release,
    run: () => steps.reserveInventory({ orderId, key: stepKey(orderId, 'reserve'), lines: input.lines }),
  });

  const { total } = await saga.step('CreateOrder', {
    undo: null,
    run: () => steps.createOrder({ orderId, key: stepKey(orderId, 'create'), lines: reserved.lines }),
  });

  const { paymentId } = await saga.step('ProcessPayment', {
    undo: ({ reason }) => refundPayment({ orderId, key: undoKey(orderId, 'pay'), undoesKey: stepKey(orderId, 'pay'), reason }),
    run: () =>
      proxyActivities<OrderActivities>(regular()).processPayment({
        orderId,
        key: stepKey(orderId, 'pay'),
        userId,
        amount: total,
        paymentMethod: input.paymentMethod,
      }),
  });

  const { order: record } = await saga.step('ConfirmOrder', {
    undo: null,
    run: () =>
      steps.confirm({
        orderId,
        paymentId,
        stockKey: stepKey(orderId, 'confirm-stock'),
        orderKey: stepKey(orderId, 'confirm-order'),
      }),
  });

  return { status: 'confirmed', paymentId, order: record };
}

/** Runs the story to its one outcome (SG7). */
async function settle(
  saga: Saga,
  scope: CancellationScope,
  story: { readonly run: () => Promise<OrderOutcome>; readonly undo: (why: OrderFailure) => Promise<void> },
): Promise<OrderOutcome> {
  try {
    const outcome = await scope.run(story.run);
    showPaid();
    saga.complete();
    return outcome;
  } catch (error: unknown) {
    if (mustFailTheTask(error)) throw error;
    const failure = failureOf(error, { step: saga.currentStep, cancelled: scope.consideredCancelled });
    if (failure.reason === 'internal') log.error('A step failed in a way that nobody expected', { error });
    // The root scope may be cancelled already, and an undo must not be.
    await CancellationScope.nonCancellable(() => story.undo(failure));
    return { status: 'cancelled', failure };
  }
}

async function undoAll(saga: Saga, parking: Parking, failure: OrderFailure): Promise<void> {
  log.info('Undoing the order', { step: failure.step, reason: failure.reason });
  showCompensating(failure);
  await saga.compensate(failure, {
    isFatal: mustFailTheTask,
    async afterFailures(failed: readonly FailedUndo[], round: number) {
      for (const { of, error } of failed) log.error('An undo failed and will be tried again', { undoOf: of, error, round });
      await parking.wait(round);
    },
  });
  showCancelled({ attended: parking.attended });
}
