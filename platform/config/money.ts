import * as z from 'zod';
import { isCurrency } from '../money/currencies.ts';

/** The currencies that the shop sells in: ISO 4217 codes, separated by commas. */
export const currencies = z
  .string()
  .default('EUR')
  .transform((given) => given.split(',').map((code) => code.trim()))
  .refine((codes) => codes.every(isCurrency), 'must be ISO 4217 codes, separated by commas')
  .refine((codes) => new Set(codes).size === codes.length, 'must name each currency once')
  .describe('The currencies that the shop sells in: ISO 4217 codes, separated by commas. Products and payments need the same.');

/** An amount in minor units for each currency. */
export type AmountByCurrency = ReadonlyMap<string, number>;

// More than any amount that a shop means, and small enough for exact sums.
const MINOR_MAX = 1_000_000_000_000;

/** `EUR=490,USD=590`: minor units by currency. */
export function amountByCurrency(standard: string, what: string) {
  return z
    .string()
    .regex(/^[A-Z]{3}=\d{1,13}(,[A-Z]{3}=\d{1,13})*$/, 'must be amounts in minor units, such as EUR=490,JPY=800')
    .default(standard)
    .transform((given): AmountByCurrency => new Map(given.split(',').map(pair)))
    .refine((amounts) => [...amounts.keys()].every(isCurrency), 'must name ISO 4217 currencies')
    .refine((amounts) => [...amounts.values()].every((minor) => minor <= MINOR_MAX), `must be at most ${MINOR_MAX}`)
    .describe(what);
}

/** The currencies that lack an amount. A process does not start while there is one. */
export function currenciesWithout(amounts: AmountByCurrency, currencyCodes: readonly string[]): string[] {
  return currencyCodes.filter((code) => !amounts.has(code));
}

function pair(text: string): [string, number] {
  const [code = '', minor = ''] = text.split('=');
  return [code, Number(minor)];
}
