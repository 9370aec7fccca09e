/**
 * Decides whether a payment may be charged.
 *
 * FC1 Only the score decides: above the limit the payment is held.
 * FC2 The factors explain the complete score, also when the external scorer did not answer.
 * FC3 While an external scorer is out, small amounts pass and larger ones are held.
 */
import type { Logger } from '../../../../platform/telemetry/logs.ts';
import type { FraudMetrics } from './metrics.ts';
import { type Factor, type FraudFacts, factorsOf, scoreOf, type Thresholds } from './rules.ts';
import { type FraudScorer, ScorerUnavailable } from './scorer.ts';

export type Assessment = { readonly held: boolean; readonly score: number; readonly factors: readonly Factor[] };

export type FraudCheck = {
  /** Milliseconds that an assessment takes at most. */
  readonly deadlineMs: number;
  assess(facts: FraudFacts): Promise<Assessment>;
};

export type FraudLimits = Thresholds & {
  /** A score above it is held. */
  readonly limit: number;
  /** By currency: the largest amount in minor units that passes while the external scorer is out. */
  readonly small: ReadonlyMap<string, number>;
};

/** Without a scorer only our own rules decide. */
export function createFraudCheck(options: {
  readonly limits: FraudLimits;
  readonly scorer?: FraudScorer | undefined;
  readonly logger: Logger;
  readonly metrics: FraudMetrics;
}): FraudCheck {
  const { limits, scorer, logger, metrics } = options;

  /** Asks the scorer, unless our own rules hold the payment already. */
  async function external(facts: FraudFacts, own: number): Promise<{ source: 'rules' | 'scorer' | 'fallback'; added: Factor[] }> {
    if (!scorer || own > limits.limit) return { source: 'rules', added: [] };
    try {
      return { source: 'scorer', added: [await scorer.score(facts)] };
    } catch (error: unknown) {
      if (!(error instanceof ScorerUnavailable)) throw error;
      logger.warn({ error }, 'The fraud scorer did not answer');
      return { source: 'fallback', added: [fallback(facts, limits)] };
    }
  }

  return {
    deadlineMs: scorer?.deadlineMs ?? 0,
    async assess(facts) {
      const own = factorsOf(facts, limits);
      const { source, added } = await external(facts, scoreOf(own));
      const factors = [...own, ...added];
      const score = scoreOf(factors);
      const held = score > limits.limit;
      metrics.decided({ decision: held ? 'held' : 'passed', source });
      return { held, score, factors };
    },
  };
}

/** FC3 as a factor (FC2): its weight is above the limit, or zero (FC1). */
function fallback({ amountMinor, currency }: FraudFacts, { small, limit }: FraudLimits): Factor {
  return amountMinor <= (small.get(currency) ?? 0)
    ? { name: 'scorer_out_small_amount', weight: 0, reason: 'The fraud scorer did not answer; a small amount passes' }
    : { name: 'scorer_out_large_amount', weight: limit + 1, reason: 'The fraud scorer did not answer; this amount is held' };
}
