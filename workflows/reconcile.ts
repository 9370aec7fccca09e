/**
 * One round of the reconciler: judges all orders, repairs what is safe, judges again. Started by a schedule and by `npm run
 * reconcile`.
 */
import { log, proxyActivities } from '@temporalio/workflow';
import type { ReconcileActivities, ReconcileInput, ReconcileResult, Repair } from '../contracts/reconcile.ts';

// The duration grows with the number of orders. The activity sends a heartbeat per page.
const { judge } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumAttempts: 3 },
});
// The undos of one order. The next round finds orders whose repair failed.
const { repair } = proxyActivities<ReconcileActivities>({ startToCloseTimeout: '30 seconds', retry: { maximumAttempts: 3 } });

// Orders that one round repairs at most, so that the history stays short. The next round continues.
const REPAIRS_MAX = 100;

export async function reconcile({ quietMs, repair: mayRepair }: ReconcileInput): Promise<ReconcileResult> {
  const verdict = await judge({ quietMs });
  if (!mayRepair || verdict.repairable.length === 0) return { ...verdict, repaired: [] };
  const repaired: Repair[] = [];
  for (const what of verdict.repairable.slice(0, REPAIRS_MAX)) {
    try {
      await repair(what);
      repaired.push(what);
    } catch (error: unknown) {
      log.error('A repair failed and is left to the next round', { ...what, error });
    }
  }
  return { ...(await judge({ quietMs, repaired: repaired.map(({ orderId }) => orderId) })), repaired };
}
