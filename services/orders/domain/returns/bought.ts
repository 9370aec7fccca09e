import type { Totals } from '../totals.ts';
import type { Bought } from './refunds.ts';

type Units = { readonly productId: string; readonly quantity: number };

type Line = Units & { readonly unitPriceMinor?: number | null | undefined };

type Return = {
  readonly refundMinor: number;
  readonly completedAt?: Date | null | undefined;
  readonly lines: { getItems(): readonly Units[] };
};

/** The lines of an order, and the units and money of all its returns so far. */
export function boughtOf(totals: Totals | undefined, lines: readonly Line[], returns: readonly Return[]): Bought {
  if (!totals) throw new Error('An order that is shipped has no prices');
  return {
    ...totals,
    refundedMinor: returns.reduce((sum, { refundMinor }) => sum + refundMinor, 0),
    lines: lines.map(({ productId, quantity, unitPriceMinor }) => ({
      productId,
      quantity,
      unitPriceMinor: unitPriceMinor ?? 0,
      returned: unitsIn(returns, productId),
    })),
  };
}

/** Every unit is in a completed return (RT3). */
export function everythingIsBack(lines: readonly Units[], returns: readonly Return[]): boolean {
  const completed = returns.filter(({ completedAt }) => completedAt != null);
  return lines.every(({ productId, quantity }) => unitsIn(completed, productId) === quantity);
}

function unitsIn(returns: readonly Return[], productId: string): number {
  const units = returns.flatMap(({ lines }) => lines.getItems()).filter((line) => line.productId === productId);
  return units.reduce((sum, { quantity }) => sum + quantity, 0);
}
