import { Counter } from 'prom-client';

export type FraudMetrics = ReturnType<typeof createFraudMetrics>;

/** Counts the decisions of the fraud check by their source. */
export function createFraudMetrics() {
  const decisions = new Counter({
    name: 'fraud_decisions_total',
    help: 'Payments passed or held, by our rules alone, with the external scorer, or by the fallback while it was out.',
    labelNames: ['decision', 'source'],
    registers: [],
  });
  return {
    instrument: decisions,
    decided(labels: { decision: 'passed' | 'held'; source: 'rules' | 'scorer' | 'fallback' }) {
      decisions.inc(labels);
    },
  };
}
