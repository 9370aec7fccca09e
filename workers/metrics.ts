import type { NativeConnection } from '@temporalio/worker';
import { Counter, Gauge, type Registry } from 'prom-client';
import { wrapActivities } from '../activities/wrap-activities.ts';
import type { OrderActivities } from '../contracts/activities.ts';
import { PARKED_ORDERS } from '../contracts/order.ts';
import { UNDOES, type UndoActivity } from '../contracts/saga-steps.ts';

// Milliseconds for the server to count, and for which a count is good: several scrapers ask it once.
const COUNT_LIMIT_MS = 1_000;
const COUNT_LIFE_MS = 5_000;

/** What Temporal is asked; the real one is a connection's workflow service. */
export type CountOrders = (query: string, limitMs: number) => Promise<number>;

export function orderCounter(connection: NativeConnection, namespace: string): CountOrders {
  return async (query, limitMs) => {
    const counted = await connection.withDeadline(Date.now() + limitMs, () =>
      connection.workflowService.countWorkflowExecutions({ namespace, query }),
    );
    return Number(counted.count);
  };
}

/** How many orders are parked (SG6). Absent while the server cannot be asked: a stale zero would be taken for good news. */
export function watchParkedOrders(registry: Registry, count: CountOrders): void {
  let countedAtMs = Number.NEGATIVE_INFINITY;
  const gauge = new Gauge({
    name: 'orders_needing_attention',
    help: 'Orders whose undos keep failing and that wait for an operator.',
    registers: [registry],
    async collect() {
      if (performance.now() - countedAtMs < COUNT_LIFE_MS) return;
      try {
        gauge.set(await count(PARKED_ORDERS, COUNT_LIMIT_MS));
        countedAtMs = performance.now();
      } catch {
        gauge.remove();
      }
    },
  });
}

/** The same activities; every attempt of an undo is counted by its step and whether it succeeded. */
export function countUndos<A extends Pick<OrderActivities, UndoActivity>>(registry: Registry, activities: A): A {
  const undos = new Counter({
    name: 'saga_compensations_total',
    help: 'Attempts to undo a step, by step and result.',
    labelNames: ['step', 'result'],
    registers: [registry],
  });
  return wrapActivities(activities, (name, call) => {
    const step = UNDOES.get(name);
    if (step === undefined) return call;
    return async (input) => {
      try {
        await call(input);
        undos.inc({ step, result: 'done' });
      } catch (error: unknown) {
        undos.inc({ step, result: 'failed' });
        throw error;
      }
    };
  });
}
