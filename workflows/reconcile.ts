/** One round of the watchman: judge, repair what is safe, judge again. Started by a schedule and by `npm run reconcile`. */
import { log, proxyActivities } from '@temporalio/workflow';
import type { ReconcileActivities, ReconcileInput, ReconcileResult, Repair } from '../contracts/reconcile.ts';

// A reading of everything takes as long as there are orders; it says that it is alive with every page.
const { judge } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumAttempts: 3 },
});
// One order's undos; the next round finds what could not be repaired in this one.
const { repair } = proxyActivities<ReconcileActivities>({ startToCloseTimeout: '30 seconds', retry: { maximumAttempts: 3 } });

// Orders that one round repairs: the rest waits for the next one, so that a history stays short.
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
