/** Shapes that several routes share, outside (snake_case) and inside. */
import * as z from 'zod';
import { text } from '../platform/rpc/fields.ts';
import type { Address, Money } from '../proto/gen/shopfast/money/v1/money.ts';

// Minor units of one amount that a caller may state, with room to add up 100 lines of it exactly.
const AMOUNT_MAX_MINOR = 900_000_000;

export const moneySchema = z.strictObject({
  amount_minor: z
    .int('must be a whole number of minor units')
    .min(1, 'must be at least 1')
    .max(AMOUNT_MAX_MINOR, `must be at most ${AMOUNT_MAX_MINOR}`),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'),
});

export const addressSchema = z.strictObject({
  line1: text({ min: 1, max: 200 }),
  line2: text({ min: 0, max: 200 }).optional(),
  city: text({ min: 1, max: 100 }),
  region: text({ min: 0, max: 100 }).optional(),
  postal_code: text({ min: 1, max: 20 }),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code'),
});

/** What every list takes. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .pipe(z.number().min(1, 'must be from 1 to 100').max(100, 'must be from 1 to 100'))
    .default(20)
    .describe('A whole number from 1 to 100; 20 when absent.'),
  cursor: z.string().max(500, 'must be a next_cursor of ours').default('').describe('`next_cursor` of the page before.'),
};

export function addressFrom(address: z.infer<typeof addressSchema>): Address {
  const { line1, line2 = '', city, region = '', postal_code: postalCode, country } = address;
  return { line1, line2, city, region, postalCode, country };
}

export function addressJson(address: Address) {
  const { line1, line2, city, region, postalCode, country } = address;
  return { line1, ...(line2 ? { line2 } : {}), city, ...(region ? { region } : {}), postal_code: postalCode, country };
}

export function moneyFrom({ amount_minor, currency }: z.infer<typeof moneySchema>): Money {
  return { amountMinor: amount_minor, currency };
}

export function moneyJson(money: Money) {
  return { amount_minor: money.amountMinor, currency: money.currency };
}

/** A cursor as a list answers it: null on the last page. */
export function cursorJson(cursor: string): string | null {
  return cursor === '' ? null : cursor;
}

/** A message's field that its service always sets; its absence is a fault of the service. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`The answer lacks ${what}`);
  return value;
}
