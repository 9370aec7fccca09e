/**
 * A stand-in for the order workflow with the same contract: the gateway's tests need its answers, not its undos. The
 * activities decide how each order goes.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  type OrderInput,
  type OrderOutcome,
  type OrderStatusView,
  orderStatusAttribute,
  outcomeUpdate,
  statusQuery,
} from '../../../contracts/order.ts';
import type { StandInActivities } from './worker.ts';

const { processPayment } = proxyActivities<StandInActivities>({
  startToCloseTimeout: '5 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 second' },
});

export async function order(input: OrderInput): Promise<OrderOutcome> {
  let outcome: OrderOutcome | undefined;
  setHandler(outcomeUpdate, async (): Promise<OrderOutcome> => {
    await condition(() => outcome !== undefined);
    if (!outcome) throw ApplicationFailure.nonRetryable('The order ended without an outcome');
    return outcome;
  });
  const view = (): OrderStatusView => ({
    sagaState: outcome ? 'SagaCompleted' : 'OrderCreated',
    step: outcome ? null : 'ProcessPayment',
    failure: outcome?.status === 'cancelled' ? outcome.failure : null,
    needsAttention: false,
  });
  setHandler(statusQuery, view);
  outcome = await processPayment(input);
  upsertSearchAttributes([{ key: orderStatusAttribute, value: outcome.status === 'confirmed' ? 'PAID' : 'CANCELLED' }]);
  // Whoever waits is answered before the run ends.
  await condition(allHandlersFinished);
  return outcome;
}
