/** The reconciler on real services, and a count of the faults that were planted for it. */
import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  RECONCILE_WORKFLOW_TYPE,
  type ReconcileActivities,
  type ReconcileInput,
  type ReconcileResult,
  type Repair,
} from '../../../contracts/reconcile.ts';
import { runActivity } from '../../../testkit/fakes/run-activity.ts';
import { createReconcileActivities } from '../../../workers/reconciler.ts';
import { createOrderLab, type OrderLab } from './order-lab.ts';
import { openShop } from './real-shop.ts';

export type ReconcileLab = Awaited<ReturnType<typeof openReconcileLab>>;

export async function openReconcileLab() {
  const shop = await openShop();
  const registry = new Registry();
  const own: ReconcileActivities[] = [];
  const lab = await createOrderLab({
    activities: shop.activities,
    background(at) {
      const reconciling = createReconcileActivities({
        ...at,
        registry,
        services: shop.services,
        audited: shop.services.clients,
        config: { PROVIDER_URL: shop.providerUrl, SAGA_STEP_LIMIT_MS: 20_000, RETURN_WINDOW_MS: 86_400_000 },
      });
      own.push(reconciling);
      return reconciling;
    },
  });
  const planted: { readonly rule: string; found: boolean; settled: boolean }[] = [];

  const reconcile = (repair: boolean) => reconcileOnce(lab, { quietMs: 0, repair });

  /** The rules that are violated, with the orders they name. */
  async function violated(): Promise<Record<string, readonly string[]>> {
    const { findings } = await reconcile(false);
    return Object.fromEntries(findings.filter(({ violations }) => violations > 0).map(({ rule, examples }) => [rule, examples]));
  }

  return {
    shop,
    lab,
    registry,
    reconcile,
    violated,

    /** One repair, whatever has become of the order since the verdict. */
    async repair(what: Repair): Promise<void> {
      await runActivity(async () => own[0]?.repair(what));
    },

    /** Exactly these rules find the order, `repairs` of them are carried out, and nothing else is done about it. */
    async expectFound(orderId: string, rules: readonly string[], repairs: readonly Omit<Repair, 'orderId'>[]) {
      const faults = rules.map((rule) => ({ rule, found: false, settled: false }));
      planted.push(...faults);
      const found = Object.entries(await violated()).flatMap(([rule, orders]) => (orders.includes(orderId) ? [rule] : []));
      expect(found.toSorted()).toEqual(rules.toSorted());
      for (const fault of faults) fault.found = found.includes(fault.rule);
      const { repaired } = await reconcile(true);
      expect(repaired.filter((one) => one.orderId === orderId)).toEqual(repairs.map((repair) => ({ orderId, ...repair })));
      for (const fault of faults) fault.settled = repairs.some(({ rule }) => rule === fault.rule);
    },

    summary(): string {
      const count = (of: 'found' | 'settled') => planted.filter((fault) => fault[of]).length;
      const rules = new Set(planted.map(({ rule }) => rule)).size;
      return `Faults planted for the reconciler: ${planted.length} of ${rules} rules; found ${count('found')}, repaired ${count('settled')}, the rest for people\n`;
    },

    async close() {
      await lab.close();
      await shop.close();
    },
  };
}

/** One round on a worker that has the reconciler's activities. */
export function reconcileOnce(
  { temporal, backgroundTaskQueue: taskQueue }: OrderLab,
  input: ReconcileInput,
): Promise<ReconcileResult> {
  const args: [ReconcileInput] = [input];
  const options = { workflowId: `reconcile-${randomUUID()}`, taskQueue, args };
  return temporal.client.workflow.execute<(input: ReconcileInput) => Promise<ReconcileResult>>(RECONCILE_WORKFLOW_TYPE, options);
}
