/** The fraud score of a payment: rules over what payments itself knows, each with its weight and its reason. Pure. */

/** The facts that payments has when a payment begins. Nothing personal. */
export type FraudFacts = {
  readonly amountMinor: number;
  readonly currency: string;
  /** The customer has no earlier payment, successful or not. */
  readonly isFirst: boolean;
  /** Earlier payments of this customer in the last hour; counted to RECENT_MAX. */
  readonly lastHour: number;
  /** Of the newest RECENT_MAX, those of the last day that the provider refused for the card. */
  readonly declines: number;
};

/** One rule that applied, as it is stored and shown. */
export type Factor = { readonly name: string; readonly weight: number; readonly reason: string };

export type Thresholds = {
  /** By currency: the largest amount in minor units that does not count as large. Where there is none, every amount is large. */
  readonly large: ReadonlyMap<string, number>;
  readonly homeCurrency: string;
};

/** Earlier payments that are read: enough for every rule, and a bound on the cost of a payment of a busy customer. */
export const RECENT_MAX = 20;

// Times a large amount.
const VERY_LARGE = 5;
// Earlier payments in an hour that no household makes.
const MANY_PAYMENTS = 10;
// A sign of somebody who tries one card after the other.
const MANY_DECLINES = 5;

type Rule = Factor & { readonly applies: (facts: FraudFacts, thresholds: Thresholds) => boolean };

/** Behaviour alone adds up to 43: below the standard limit of 50, which takes a large amount as well. */
export const RULES: readonly Rule[] = [
  {
    name: 'large_amount',
    weight: 10,
    reason: 'The amount is large',
    applies: ({ amountMinor, currency }, { large }) => amountMinor > (large.get(currency) ?? 0),
  },
  {
    name: 'very_large_amount',
    weight: 40,
    reason: `The amount is more than ${VERY_LARGE} times a large one`,
    applies: ({ amountMinor, currency }, { large }) => amountMinor > VERY_LARGE * (large.get(currency) ?? 0),
  },
  {
    name: 'recent_decline',
    weight: 15,
    reason: 'A card of this customer was refused in the last day',
    applies: ({ declines }) => declines > 0,
  },
  {
    name: 'many_declines',
    weight: 20,
    reason: `Cards of this customer were refused ${MANY_DECLINES} times or more in the last day`,
    applies: ({ declines }) => declines >= MANY_DECLINES,
  },
  {
    name: 'many_payments',
    weight: 5,
    reason: `${MANY_PAYMENTS} payments or more of this customer in the last hour`,
    applies: ({ lastHour }) => lastHour >= MANY_PAYMENTS,
  },
  {
    name: 'first_payment',
    weight: 5,
    reason: 'The first payment of this customer',
    applies: ({ isFirst }) => isFirst,
  },
  {
    name: 'foreign_currency',
    weight: 3,
    reason: "The currency is not the shop's own",
    applies: ({ currency }, { homeCurrency }) => currency !== homeCurrency,
  },
];

/** The rules that apply, in the order of the table. */
export function factorsOf(facts: FraudFacts, thresholds: Thresholds): Factor[] {
  return RULES.filter(({ applies }) => applies(facts, thresholds)).map(({ name, weight, reason }) => ({ name, weight, reason }));
}

export function scoreOf(factors: readonly Factor[]): number {
  return factors.reduce((total, { weight }) => total + weight, 0);
}
