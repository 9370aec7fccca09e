import type { Factor, FraudFacts } from './rules.ts';

/** A second opinion from outside. Rejects with ScorerUnavailable when there is none; asking changes nothing anywhere. */
export type FraudScorer = {
  /** Milliseconds after which a call gives up. */
  readonly deadlineMs: number;
  score(facts: FraudFacts): Promise<Factor>;
};

/** No answer in time, or none that can be understood. */
export class ScorerUnavailable extends Error {
  override readonly name = 'ScorerUnavailable';
}
