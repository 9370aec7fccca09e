import { refused } from '../errors.ts';

export type WantedUnits = { readonly productId: string; readonly quantity: number };

/** A line of an order, and how many of its units are in earlier returns. */
export type BoughtLine = {
  readonly productId: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  readonly returned: number;
};

export type Bought = {
  readonly lines: readonly BoughtLine[];
  readonly subtotalMinor: number;
  readonly taxMinor: number;
  readonly totalMinor: number;
  /** The refunds of all earlier returns. */
  readonly refundedMinor: number;
};

export type AgreedReturn = {
  readonly lines: readonly WantedUnits[];
  readonly refundMinor: number;
  /** True: all units of the order have been returned or are in this return. */
  readonly completesOrder: boolean;
};

/**
 * Decides which units may come back and their refund. No wanted lines: all units that are left. Refuses more units than are left
 * with `return_exceeds_order`.
 *
 * Returned units are worth their prices plus their share of the tax, rounded half-up once over all returns so far. A refund is
 * the increase of that worth, so that refunds add up without rounding errors. The last return refunds the rest of the total,
 * shipping included.
 *
 * Example: 3 units of 333 with a tax of 100 and a shipping of 500, total 1599, returned one by one.
 * Worth after each return: 333 + 33 = 366, 666 + 67 = 733, then the total of 1599. Refunds: 366, 367, 866.
 */
export function agreeOnReturn(bought: Bought, wanted: readonly WantedUnits[]): AgreedReturn {
  const lines = wanted.length > 0 ? wanted : everythingLeft(bought);
  for (const { productId, quantity } of lines) {
    const returnable = returnableUnits(bought, productId);
    if (quantity > returnable) throw exceedsOrder(productId, returnable);
  }
  const [first] = bought.lines;
  if (lines.length === 0) throw exceedsOrder(first?.productId ?? '', 0);
  const asked = new Map(lines.map(({ productId, quantity }) => [productId, quantity]));
  const after = bought.lines.map((line) => ({ ...line, returned: line.returned + (asked.get(line.productId) ?? 0) }));
  const completesOrder = after.every(({ quantity, returned }) => returned === quantity);
  const worthMinor = completesOrder ? bought.totalMinor : worthOf(bought, after);
  return { lines, refundMinor: worthMinor - bought.refundedMinor, completesOrder };
}

function exceedsOrder(productId: string, returnable: number) {
  return refused('return_exceeds_order', 'More units than can come back', {
    product_id: productId,
    returnable_quantity: String(returnable),
  });
}

function everythingLeft({ lines }: Bought): WantedUnits[] {
  return lines
    .map(({ productId, quantity, returned }) => ({ productId, quantity: quantity - returned }))
    .filter(({ quantity }) => quantity > 0);
}

function returnableUnits({ lines }: Bought, productId: string): number {
  const line = lines.find((candidate) => candidate.productId === productId);
  return line ? line.quantity - line.returned : 0;
}

/** Computes with bigint: the product of subtotal and tax exceeds the safe integers of a number. */
function worthOf({ subtotalMinor, taxMinor }: Bought, lines: readonly BoughtLine[]): number {
  const worth = lines.reduce((sum, { unitPriceMinor, returned }) => sum + BigInt(unitPriceMinor) * BigInt(returned), 0n);
  if (subtotalMinor === 0) return Number(worth);
  const subtotal = BigInt(subtotalMinor);
  const tax = (2n * BigInt(taxMinor) * worth + subtotal) / (2n * subtotal);
  return Number(worth + tax);
}
