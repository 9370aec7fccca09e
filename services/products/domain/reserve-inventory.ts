import type { EntityManager } from '@mikro-orm/postgresql';
import type { DomainError } from '../../../platform/domain-error.ts';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { alreadyReserved, insufficientStock, mixedCurrencies, productInactive, productUnknown } from './errors.ts';
import { Product } from './product.ts';
import type { Line } from './reservation.ts';
import type { Hold, Price, Stock } from './stock.ts';

/**
 * Holds every line of an order or none. `lines` name each product once.
 *
 * R1 All lines of an order are reserved, or none.
 * R2 No oversell: reserved never exceeds stock, whatever runs at the same time. No undersell: what is available is sold.
 * R3 A reservation ends once, and its stock is given back at most once.
 * R4 A release wins over the reserve that it undoes, in whichever order they arrive (its handler forbids the reserve's key).
 * R5 The prices are those of `pricesAsOf`, when the order was submitted: a later change of a price does not reach the order.
 */
export async function reserveInventory(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  {
    pricesAsOf,
    ...order
  }: {
    readonly orderId: string;
    readonly lines: readonly Line[];
    readonly holdMs: number;
    readonly pricesAsOf: Date;
  },
): Promise<Hold> {
  const productIds = order.lines.map(({ productId }) => productId);
  const prices = await stock.pricesAsOf(em, productIds, pricesAsOf);
  const currencies = new Set([...prices.values()].map(({ currency }) => currency));
  const expiresAt = currencies.size === 1 ? await holdOnce(em, stock, order) : null;
  if (!expiresAt) throw await refusalOf(em, order.lines, currencies);
  return { lines: order.lines.map((line) => ({ ...line, ...priceOf(line, prices) })), expiresAt };
}

function priceOf({ productId }: Line, prices: ReadonlyMap<string, Price>): Price {
  const price = prices.get(productId);
  if (!price) throw new Error(`Product ${productId} has no price`);
  return price;
}

async function holdOnce(em: EntityManager, stock: Stock, order: Parameters<Stock['hold']>[1]): Promise<Date | null> {
  try {
    return await stock.hold(em, order);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'reservations_pkey') throw alreadyReserved(order.orderId);
    throw error;
  }
}

/** Reads the products to say why. Refusals that no waiting will cure come first. */
async function refusalOf(em: EntityManager, lines: readonly Line[], currencies: ReadonlySet<string>): Promise<DomainError> {
  const found = await em.find(Product, { id: { $in: lines.map(({ productId }) => productId) } });
  const byId = new Map(found.map((product) => [product.id, product]));
  const wanted = lines.map((line) => ({ ...line, product: byId.get(line.productId) }));
  for (const { productId, product } of wanted) if (!product) return productUnknown(productId);
  for (const { productId, product } of wanted) if (!product?.active) return productInactive(productId);
  if (currencies.size > 1) return mixedCurrencies([...currencies]);
  for (const { productId, quantity, product } of wanted) {
    const available = product?.available() ?? 0;
    if (available < quantity) return insufficientStock({ productId, requested: quantity, available });
  }
  throw new Error('Lines that can be reserved were not');
}
