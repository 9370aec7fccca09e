/** The reconciler's reading of everything, as a worker runs it. */
import { expect, test } from '@jest/globals';
import { createJudge } from '../../activities/audit/judge.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import { runActivity } from '../../testkit/fakes/run-activity.ts';

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

test('after repairs those orders are judged at once, and others that are at work are not', async () => {
  const at = new Date();
  const paid = (orderId: string): Effect => ({ ...effect(orderId), at });
  const { judge } = createJudge({
    calls: { products: list([]), orders: list(['repaired', 'at work'].map(paid)), payments: list([]), audits: {} },
    providerLedger: nothing,
    brokenOrders: async () => new Set(),
    workflowOf: async () => 'running',
    returnWindowMs: 1,
  });
  const found = async (input: Parameters<typeof judge>[0]) => {
    const { findings } = await runActivity(() => judge(input));
    return findings.find(({ rule }) => rule === 'sold_without_stock')?.examples;
  };

  expect(await found({ quietMs: 60_000 })).toEqual([]);
  expect(await found({ quietMs: 60_000, repaired: ['repaired'] })).toEqual(['repaired']);
});
