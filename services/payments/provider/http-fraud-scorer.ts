import * as z from 'zod';
import { createExchange } from '../../../platform/http/exchange.ts';
import { text } from '../../../platform/rpc/fields.ts';
import { currentContext, traceparentOf } from '../../../platform/telemetry/context.ts';
import { type FraudScorer, ScorerUnavailable } from '../domain/fraud/scorer.ts';

// Milliseconds: a payment waits this long at most; a slower scorer counts as out.
const DEADLINE_MS = 600;
// Above every limit that makes sense.
const SCORE_MAX = 1_000;
// Characters of a reason.
const REASON_MAX = 200;

const answerSchema = z.object({
  score: z.int().min(0).max(SCORE_MAX),
  // Stored as JSON, in which PostgreSQL refuses some characters: no payment waits for a reason that it would refuse.
  reason: text({ min: 1, max: REASON_MAX }).catch('The external fraud scorer'),
});

/** A scorer behind HTTP: POST of the facts, answered with `{score, reason?}`. It learns amounts and counts, and no identities. */
export function httpFraudScorer(options: { readonly url: string; readonly deadlineMs?: number }): FraudScorer {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const exchange = createExchange({ url: options.url, deadlineMs });
  return {
    deadlineMs,
    async score({ amountMinor, currency, isFirst, lastHour, declines }) {
      const context = currentContext();
      try {
        const answer = await exchange('POST', options.url, {
          headers: { 'content-type': 'application/json', ...(context ? { traceparent: traceparentOf(context) } : {}) },
          body: JSON.stringify({
            amount_minor: amountMinor,
            currency,
            first_payment: isFirst,
            payments_last_hour: lastHour,
            declines_last_day: declines,
          }),
        });
        if (answer.status !== 200) throw new Error(`It answered ${answer.status}`);
        const { score, reason } = answerSchema.parse(JSON.parse(answer.text));
        return { name: 'external_score', weight: score, reason };
      } catch (error: unknown) {
        throw new ScorerUnavailable('The fraud scorer gave no usable answer', { cause: error });
      }
    },
  };
}
