import { refused } from '../errors.ts';

export type WantedUnits = { readonly productId: string; readonly quantity: number };

/** A line of an order, and the units of it that earlier returns have asked back. */
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
  /** Nothing is left to come back. */
  readonly completesOrder: boolean;
};

/**
 * Decides which units may come back and their refund; no lines: everything that is left. Returns so far are worth the prices of
 * their units and the tax on these, rounded half-up once; a refund is the difference that the new return makes. So refunds add up,
 * and the last unit brings back the rest of the total, shipping included. Refuses more than was bought with return_exceeds_order.
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

/** Exact at every step: a subtotal times its tax is beyond what a number holds. */
function worthOf({ subtotalMinor, taxMinor }: Bought, lines: readonly BoughtLine[]): number {
  const worth = lines.reduce((sum, { unitPriceMinor, returned }) => sum + BigInt(unitPriceMinor) * BigInt(returned), 0n);
  if (subtotalMinor === 0) return Number(worth);
  const subtotal = BigInt(subtotalMinor);
  const tax = (2n * BigInt(taxMinor) * worth + subtotal) / (2n * subtotal);
  return Number(worth + tax);
}
