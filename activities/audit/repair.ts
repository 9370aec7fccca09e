import { ApplicationFailure } from '@temporalio/activity';
import type { OrderActivities } from '../../contracts/activities.ts';
import { stepKey, undoKey } from '../../contracts/ids.ts';
import type { ReconcileActivities, RepairAction } from '../../contracts/reconcile.ts';
import type { WorkflowState } from './judge.ts';

type Undos = Pick<OrderActivities, 'releaseInventory' | 'refundPayment' | 'cancelOrder'>;

/**
 * Repairs by the saga's own undos under the saga's own keys: repeated, or done by the saga too, each happens once.
 *
 * RP1 Nothing is undone of an order that its workflow is at again: a verdict is as old as the repairs before this one.
 * RP2 The stock goes first and the money last. Stock that has left is never released, so an order that is shipped at this very
 *     moment keeps its money; one whose stock is released is never shipped.
 */
export function createRepair(deps: {
  readonly undos: Undos;
  readonly workflowOf: (orderId: string) => Promise<WorkflowState>;
  readonly startWorkflow: (orderId: string) => Promise<void>;
}): Pick<ReconcileActivities, 'repair'> {
  const { undos, workflowOf } = deps;
  const release = (orderId: string) =>
    undos.releaseInventory({ orderId, key: undoKey(orderId, 'reserve'), undoesKey: stepKey(orderId, 'reserve') });
  const refund = (orderId: string) =>
    undos.refundPayment({
      orderId,
      key: undoKey(orderId, 'pay'),
      undoesKey: stepKey(orderId, 'pay'),
      reason: 'order_cancelled',
    });
  const cancel = (orderId: string) =>
    undos.cancelOrder({
      orderId,
      key: undoKey(orderId, 'submit'),
      undoesKey: stepKey(orderId, 'create'),
      reason: 'order_cancelled',
      failedStep: null,
      facts: {},
    });
  const how: Readonly<Record<RepairAction, (orderId: string) => Promise<void>>> = {
    'release the hold': release,
    'refund the charge': refund,
    'start the workflow': deps.startWorkflow,
    async 'settle the order'(orderId) {
      await release(orderId);
      await cancel(orderId);
      await refund(orderId);
    },
  };
  return {
    async repair({ orderId, action }) {
      if (action !== 'start the workflow' && (await workflowOf(orderId)) === 'running') throw atWorkAgain();
      await how[action](orderId);
    },
  };
}

/** RP1. Another attempt would find the same: the next round judges anew. */
function atWorkAgain(): ApplicationFailure {
  return ApplicationFailure.create({ message: 'The workflow of the order is at work', nonRetryable: true });
}
