import { expect, test } from '@jest/globals';
import { type FraudFacts, factorsOf, RECENT_MAX, RULES, scoreOf } from '../../services/payments/domain/fraud/rules.ts';

const THRESHOLDS = {
  large: new Map([
    ['EUR', 100_000],
    ['USD', 100_000],
    ['IDR', 2_000_000_000],
  ]),
  homeCurrency: 'EUR',
};
// The standard of FRAUD_LIMIT.
const LIMIT = 50;

/** A known customer's payment with nothing unusual about it. */
function facts(given: Partial<FraudFacts> = {}): FraudFacts {
  return { amountMinor: 2_599, currency: 'EUR', isFirst: false, lastHour: 0, declines: 0, ...given };
}

test.each<[string, Partial<FraudFacts>, string[]]>([
  ['an ordinary payment', {}, []],
  ['1,000.00', { amountMinor: 100_000 }, []],
  ['1,000.01', { amountMinor: 100_001 }, ['large_amount']],
  ['5,000.00', { amountMinor: 500_000 }, ['large_amount']],
  ['5,000.01', { amountMinor: 500_001 }, ['large_amount', 'very_large_amount']],
  ['one declined card', { declines: 1 }, ['recent_decline']],
  ['four declined cards', { declines: 4 }, ['recent_decline']],
  ['five declined cards', { declines: 5 }, ['recent_decline', 'many_declines']],
  ['the tenth payment of the hour', { lastHour: 9 }, []],
  ['the eleventh payment of the hour', { lastHour: 10 }, ['many_payments']],
  ['a first payment', { isFirst: true }, ['first_payment']],
  ['dollars', { currency: 'USD' }, ['foreign_currency']],
  ['20,000.00 rupiah, about 1 euro', { amountMinor: 2_000_000, currency: 'IDR' }, ['foreign_currency']],
  ['20,000,000.01 rupiah', { amountMinor: 2_000_000_001, currency: 'IDR' }, ['large_amount', 'foreign_currency']],
])('%s: the factors are those that apply', (_, given, names) => {
  expect(factorsOf(facts(given), THRESHOLDS).map(({ name }) => name)).toEqual(names);
});

test('the score is the sum of the weights, and each factor says why', () => {
  const all = factorsOf(facts({ amountMinor: 500_001, currency: 'USD', isFirst: true, lastHour: 20, declines: 20 }), THRESHOLDS);
  expect(all.map(({ name }) => name)).toEqual(RULES.map(({ name }) => name));
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(scoreOf(all)).toBe(98);
  for (const { reason, weight } of all) expect([reason.length > 10, weight > 0]).toEqual([true, true]);
});

test('no behaviour alone holds a payment that is not large, and a first very large one is held', () => {
  const counts = Array.from({ length: RECENT_MAX + 1 }, (_, count) => count);
  const seen = counts.flatMap((lastHour) =>
    counts.flatMap((declines) =>
      ['EUR', 'USD'].map((currency) =>
        scoreOf(
          factorsOf(
            facts({ amountMinor: 100_000, currency, lastHour, declines, isFirst: lastHour + declines === 0 }),
            THRESHOLDS,
          ),
        ),
      ),
    ),
  );
  expect(Math.max(...seen)).toBe(43);
  const first = factorsOf(facts({ amountMinor: 500_001, isFirst: true }), THRESHOLDS);
  expect(scoreOf(first)).toBeGreaterThan(LIMIT);
  expect(scoreOf(factorsOf(facts({ amountMinor: 500_001 }), THRESHOLDS))).toBe(LIMIT);
});
