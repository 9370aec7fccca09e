/** JSON of messages that several resources share. Outside snake_case, inside camelCase. */
import type * as z from 'zod';
import type { Address, Money } from '../../proto/gen/shopfast/money/v1/money.ts';
import type { addressInput, moneyInput } from './schemas.ts';

export function addressFrom(address: z.infer<typeof addressInput>): Address {
  const { line1, line2 = '', city, region = '', postal_code: postalCode, country } = address;
  return { line1, line2, city, region, postalCode, country };
}

export function addressJson(address: Address) {
  const { line1, line2, city, region, postalCode, country } = address;
  return { line1, ...(line2 ? { line2 } : {}), city, ...(region ? { region } : {}), postal_code: postalCode, country };
}

export function moneyFrom({ amount_minor, currency }: z.infer<typeof moneyInput>): Money {
  return { amountMinor: amount_minor, currency };
}

export function moneyJson(money: Money) {
  return { amount_minor: money.amountMinor, currency: money.currency };
}

/** The cursor in the answer of a list: null on the last page. */
export function cursorJson(cursor: string): string | null {
  return cursor === '' ? null : cursor;
}

/** Of a list that was counted; nothing of one that was not. */
export function totalCountJson(totalCount: number | undefined): { readonly total_count?: number } {
  return totalCount === undefined ? {} : { total_count: totalCount };
}

/** A message's field that its service always sets; its absence is a fault of the service. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`The answer lacks ${what}`);
  return value;
}
