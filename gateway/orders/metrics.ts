import { Counter, Histogram, type Registry } from 'prom-client';

export type OrderMetrics = ReturnType<typeof createOrderMetrics>;

/** Outcomes of orders, as their callers saw them. A repeated request is not counted again. */
export function createOrderMetrics(registry: Registry) {
  const orders = new Counter({
    name: 'orders_total',
    help: 'Orders submitted, by answer: confirmed, cancelled (with its reason), running or unavailable.',
    labelNames: ['outcome', 'reason'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'order_duration_seconds',
    help: 'From the request to the outcome, of orders that ended while their caller waited.',
    // Seconds. A healthy order takes a few hundred milliseconds; nobody waits longer than 25 s.
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 25],
    registers: [registry],
  });
  return {
    answered(outcome: 'confirmed' | 'cancelled' | 'running' | 'unavailable', reason: string) {
      orders.inc({ outcome, reason });
    },
    ended(durationSeconds: number) {
      seconds.observe(durationSeconds);
    },
  };
}
