import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PricedLine, totalsOf } from '../../services/orders/domain/totals.ts';

function line(unitPriceMinor: number, quantity = 1, currency = 'EUR'): PricedLine {
  return { productId: 'any', quantity, unitPriceMinor, currency };
}

const anyCharges = fc.record({ taxBasisPoints: fc.integer({ min: 0, max: 10_000 }), shippingMinor: fc.nat(1_000_000) });
const anyLines = fc.array(fc.record({ unitPriceMinor: fc.nat(100_000_000), quantity: fc.integer({ min: 1, max: 100_000 }) }), {
  minLength: 1,
  maxLength: 100,
});

test.each([
  // Subtotal, basis points, tax.
  [49, 100, 0],
  [50, 100, 1],
  [149, 100, 1],
  [150, 100, 2],
  // Rounding half to even would say 2.
  [250, 100, 3],
  [1, 4_999, 0],
  [1, 5_000, 1],
  [5_999, 1_900, 1_140],
  [0, 1_900, 0],
  [12_345, 0, 0],
  [7, 10_000, 7],
])('a subtotal of %i at %i basis points is taxed %i', (subtotal, taxBasisPoints, tax) => {
  expect(totalsOf([line(subtotal)], { taxBasisPoints, shippingMinor: 0 }).taxMinor).toBe(tax);
});

test('totals always add up, and tax is the subtotal rounded half-up once per order', () => {
  fc.assert(
    fc.property(anyLines, anyCharges, (given, charges) => {
      const totals = totalsOf(
        given.map(({ unitPriceMinor, quantity }) => line(unitPriceMinor, quantity)),
        charges,
      );
      const subtotal = given.reduce((sum, each) => sum + BigInt(each.unitPriceMinor) * BigInt(each.quantity), 0n);
      expect(BigInt(totals.subtotalMinor)).toBe(subtotal);
      expect(totals.shippingMinor).toBe(charges.shippingMinor);
      expect(totals.totalMinor).toBe(totals.subtotalMinor + totals.taxMinor + totals.shippingMinor);
      // The error of half-up rounding: more than minus one half, at most one half.
      const doubledError = 2n * (BigInt(totals.taxMinor) * 10_000n - subtotal * BigInt(charges.taxBasisPoints));
      expect(doubledError > -10_000n && doubledError <= 10_000n).toBe(true);
    }),
  );
});

test('the largest total that a number carries exactly is accepted, and one more is refused', () => {
  const charges = { taxBasisPoints: 0, shippingMinor: 1 };
  const largest = Number.MAX_SAFE_INTEGER - 1;
  expect(totalsOf([line(largest)], charges).totalMinor).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => totalsOf([line(largest), line(1)], charges)).toThrow(expect.objectContaining({ reason: 'validation_failed' }));
  expect(() => totalsOf([line(Number.MAX_SAFE_INTEGER, 100_000)], charges)).toThrow(
    expect.objectContaining({ reason: 'validation_failed' }),
  );
});

test('two currencies in one order are refused by name', () => {
  expect(() => totalsOf([line(1, 1, 'EUR'), line(1, 1, 'CHF')], { taxBasisPoints: 0, shippingMinor: 0 })).toThrow(
    expect.objectContaining({ reason: 'validation_failed', facts: { currencies: 'EUR,CHF' } }),
  );
});
