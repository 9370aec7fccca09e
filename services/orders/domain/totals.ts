import { refused } from './errors.ts';

export type SubmittedLine = { readonly productId: string; readonly quantity: number };

export type PricedLine = SubmittedLine & {
  readonly unitPriceMinor: number;
  readonly currency: string;
};

export type Charges = {
  /** Hundredths of a percent of the subtotal. */
  readonly taxBasisPoints: number;
  /** Minor units of the order's currency. */
  readonly shippingMinor: number;
};

export type Totals = {
  readonly currency: string;
  readonly subtotalMinor: number;
  readonly taxMinor: number;
  readonly shippingMinor: number;
  readonly totalMinor: number;
};

const BASIS_POINTS_PER_UNIT = 10_000n;

/**
 * Adds up an order in minor units: tax on the subtotal, rounded half-up once per order, and shipping. Exact at every
 * step. Refuses mixed currencies and a total beyond 2^53 - 1, which the wire cannot carry.
 */
export function totalsOf(lines: readonly PricedLine[], { taxBasisPoints, shippingMinor }: Charges): Totals {
  const currencies = [...new Set(lines.map((line) => line.currency))];
  const [currency] = currencies;
  if (currency === undefined || currencies.length > 1) {
    throw refused('validation_failed', 'All lines of an order must have one currency', { currencies: currencies.join(',') });
  }
  const subtotal = lines.reduce((sum, line) => sum + BigInt(line.unitPriceMinor) * BigInt(line.quantity), 0n);
  const tax = (subtotal * BigInt(taxBasisPoints) + BASIS_POINTS_PER_UNIT / 2n) / BASIS_POINTS_PER_UNIT;
  const total = subtotal + tax + BigInt(shippingMinor);
  // No part is larger than the total.
  if (total > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw refused('validation_failed', "The order's total is larger than can be stated exactly");
  }
  return { currency, subtotalMinor: Number(subtotal), taxMinor: Number(tax), shippingMinor, totalMinor: Number(total) };
}

/** Refuses with `validation_failed` unless both are the same products in the same quantities. */
export function requireSameLines(submitted: readonly SubmittedLine[], priced: readonly SubmittedLine[]): void {
  const expected = new Map(submitted.map((line) => [line.productId, line.quantity]));
  for (const { productId, quantity } of priced) {
    if (expected.get(productId) !== quantity) throw linesDiffer(productId);
    // A product given twice differs as well.
    expected.delete(productId);
  }
  for (const missing of expected.keys()) throw linesDiffer(missing);
}

function linesDiffer(productId: string) {
  return refused('validation_failed', 'The priced lines differ from the submitted ones', { product_id: productId });
}
