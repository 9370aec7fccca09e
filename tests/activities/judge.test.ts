/** The reconciler's reading of everything, as a worker runs it. */
import { expect, test } from '@jest/globals';
import { createJudge } from '../../activities/audit/judge.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import { runActivity } from './support/run-activity.ts';

const AT = new Date('2026-11-27T08:00:00Z');
const effect = (orderId: string): Effect => ({
  sequence: 1,
  kind: 'PAID',
  orderId,
  userId: 'a user',
  reference: '',
  amount: undefined,
  at: AT,
});
const list = (effects: Effect[]) => ({ listEffects: async () => ({ effects, nextCursor: '' }) });

async function* nothing() {}

test('it says that it is alive before each order that Temporal is asked for: there may be thousands', async () => {
  const ids = ['one', 'two', 'three'];
  const seen: string[] = [];
  const { judge } = createJudge({
    calls: { products: list([]), orders: list(ids.map(effect)), payments: list([]), audits: {} },
    providerLedger: nothing,
    brokenOrders: async () => new Set(ids),
    async workflowOf(orderId) {
      seen.push(orderId);
      return 'running';
    },
    returnWindowMs: 1,
  });

  await runActivity(() => judge({ quietMs: 0 }), { heartbeat: () => seen.push('alive') });

  const before = ids.map((id) => seen[seen.indexOf(id) - 1]);
  expect(before).toEqual(ids.map(() => 'alive'));
});
