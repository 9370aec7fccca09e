import type { OrderActivities } from '../../contracts/activities.ts';
import { stepKey, undoKey } from '../../contracts/ids.ts';
import type { ReconcileActivities, RepairAction } from '../../contracts/reconcile.ts';

type Undos = Pick<OrderActivities, 'releaseInventory' | 'refundPayment' | 'cancelOrder'>;

/** Repairs by the saga's own undos under the saga's own keys: repeated, or done by the saga too, each happens once. */
export function createRepair(deps: {
  readonly undos: Undos;
  readonly startWorkflow: (orderId: string) => Promise<void>;
}): Pick<ReconcileActivities, 'repair'> {
  const { undos } = deps;
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
    });
  const how: Readonly<Record<RepairAction, (orderId: string) => Promise<void>>> = {
    'release the hold': release,
    'refund the charge': refund,
    'start the workflow': deps.startWorkflow,
    async 'settle the order'(orderId) {
      await refund(orderId);
      await release(orderId);
      await cancel(orderId);
    },
  };
  return { repair: ({ orderId, action }) => how[action](orderId) };
}
