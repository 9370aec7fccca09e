import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { agreeOnReturn, type Bought } from '../../services/orders/domain/returns/refunds.ts';
import { totalsOf } from '../../services/orders/domain/totals.ts';

const CHARGES = { taxBasisPoints: 1_900, shippingMinor: 490 };

function bought(lines: readonly { quantity: number; unitPriceMinor: number; returned?: number }[], refundedMinor = 0): Bought {
  const priced = lines.map((line, n) => ({ returned: 0, ...line, productId: `p${n}`, currency: 'EUR' }));
  return { lines: priced, refundedMinor, ...totalsOf(priced, CHARGES) };
}

test('a part is worth its prices and the tax on them, and what is left is worth all that is left', () => {
  const order = bought([{ quantity: 3, unitPriceMinor: 1_000 }]);
  expect(order.totalMinor).toBe(3_000 + 570 + 490);

  const part = agreeOnReturn(order, [{ productId: 'p0', quantity: 1 }]);
  expect(part).toEqual({ lines: [{ productId: 'p0', quantity: 1 }], refundMinor: 1_190, completesOrder: false });

  const rest = agreeOnReturn(bought([{ quantity: 3, unitPriceMinor: 1_000, returned: 1 }], 1_190), []);
  expect(rest).toEqual({ lines: [{ productId: 'p0', quantity: 2 }], refundMinor: 2_380 + 490, completesOrder: true });
});

test('more than was bought, another product and nothing at all are refused with what could come back', () => {
  const order = bought([{ quantity: 3, unitPriceMinor: 1_000, returned: 1 }], 1_190);
  const refusal = (productId: string, returnable: string) =>
    expect.objectContaining({
      reason: 'return_exceeds_order',
      facts: { product_id: productId, returnable_quantity: returnable },
    });
  expect(() => agreeOnReturn(order, [{ productId: 'p0', quantity: 3 }])).toThrow(refusal('p0', '2'));
  expect(() => agreeOnReturn(order, [{ productId: 'other', quantity: 1 }])).toThrow(refusal('other', '0'));
  const empty = bought([{ quantity: 3, unitPriceMinor: 1_000, returned: 3 }], 4_060);
  expect(() => agreeOnReturn(empty, [])).toThrow(refusal('p0', '0'));
});

test('an order of free things gives back its shipping with the last unit', () => {
  const order = bought([{ quantity: 2, unitPriceMinor: 0 }]);
  expect(agreeOnReturn(order, [{ productId: 'p0', quantity: 1 }]).refundMinor).toBe(0);
  expect(agreeOnReturn(order, []).refundMinor).toBe(490);
});

test('however an order comes back, no refund is negative and together they are exactly the total', () => {
  const line = fc.record({ quantity: fc.integer({ min: 1, max: 20 }), unitPriceMinor: fc.integer({ min: 0, max: 1_000_000 }) });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { maxLength: 100 }), (lines, picks) => {
      const returned = lines.map(() => 0);
      let refundedMinor = 0;
      const giveBack = (wanted: { productId: string; quantity: number }[]) => {
        const order = bought(
          lines.map((each, n) => ({ ...each, returned: returned[n] ?? 0 })),
          refundedMinor,
        );
        const agreed = agreeOnReturn(order, wanted);
        expect(agreed.refundMinor).toBeGreaterThanOrEqual(0);
        refundedMinor += agreed.refundMinor;
        for (const { productId, quantity } of agreed.lines) {
          const n = Number(productId.slice(1));
          returned[n] = (returned[n] ?? 0) + quantity;
        }
        expect(refundedMinor).toBeLessThanOrEqual(order.totalMinor);
        return { ...agreed, totalMinor: order.totalMinor };
      };
      for (const pick of picks) {
        const n = pick % lines.length;
        const left = (lines[n]?.quantity ?? 0) - (returned[n] ?? 0);
        if (left > 0) giveBack([{ productId: `p${n}`, quantity: 1 + (pick % left) }]);
      }
      if (returned.some((units, n) => units < (lines[n]?.quantity ?? 0))) expect(giveBack([]).completesOrder).toBe(true);
      expect(refundedMinor).toBe(bought(lines).totalMinor);
    }),
  );
});

test('what some units are worth together does not depend on the order in which they come back', () => {
  const line = fc.record({ quantity: fc.integer({ min: 1, max: 3 }), unitPriceMinor: fc.integer({ min: 0, max: 9_999 }) });
  const lines = fc.array(line, { minLength: 1, maxLength: 4 });
  const units = lines.chain((all) => {
    const each = all.flatMap(({ quantity }, n) => Array.from({ length: quantity }, () => n));
    const some = fc.subarray(each.map((n, index) => ({ n, index })));
    return some.chain((picked) => {
      const shuffled = fc.shuffledSubarray(picked, { minLength: picked.length, maxLength: picked.length });
      return fc.record({ all: fc.constant(all), one: fc.constant(picked), other: shuffled });
    });
  });
  const worth = (all: readonly { quantity: number; unitPriceMinor: number }[], picked: readonly { n: number }[]) => {
    const returned = all.map(() => 0);
    let refundedMinor = 0;
    for (const { n } of picked) {
      const order = bought(
        all.map((each, place) => ({ ...each, returned: returned[place] ?? 0 })),
        refundedMinor,
      );
      refundedMinor += agreeOnReturn(order, [{ productId: `p${n}`, quantity: 1 }]).refundMinor;
      returned[n] = (returned[n] ?? 0) + 1;
    }
    return refundedMinor;
  };
  fc.assert(
    fc.property(units, ({ all, one, other }) => expect(worth(all, other)).toBe(worth(all, one))),
    { numRuns: 1_000 },
  );
});
