import { returnExceedsOrder } from './errors.ts';

export type WantedUnits = { readonly productId: string; readonly quantity: number };

/** A line of an order: what was bought and what has been asked back before. */
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
  /** What all earlier returns were worth together. */
  readonly refundedMinor: number;
};

export type AgreedReturn = {
  readonly lines: readonly WantedUnits[];
  readonly refundMinor: number;
  /** Nothing is left to come back. */
  readonly completesOrder: boolean;
};

/**
 * What may come back and what it is worth; no lines: everything that is left. Refunds are differences of what all returns so
 * far are worth: the prices of their units and the tax on these, rounded half-up once. So the parts always add up, and with
 * the last unit the whole total is back, shipping included. Refuses more than was bought with return_exceeds_order.
 */
export function agreeOnReturn(bought: Bought, wanted: readonly WantedUnits[]): AgreedReturn {
  const lines = wanted.length > 0 ? wanted : everythingLeft(bought);
  for (const { productId, quantity } of lines) {
    const returnable = returnableUnits(bought, productId);
    if (quantity > returnable) throw returnExceedsOrder({ productId, returnable });
  }
  const [first] = bought.lines;
  if (lines.length === 0) throw returnExceedsOrder({ productId: first?.productId ?? '', returnable: 0 });
  const asked = new Map(lines.map(({ productId, quantity }) => [productId, quantity]));
  const after = bought.lines.map((line) => ({ ...line, returned: line.returned + (asked.get(line.productId) ?? 0) }));
  const completesOrder = after.every(({ quantity, returned }) => returned === quantity);
  const worthMinor = completesOrder ? bought.totalMinor : worthOf(bought, after);
  return { lines, refundMinor: worthMinor - bought.refundedMinor, completesOrder };
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
