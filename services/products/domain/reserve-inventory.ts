import type { EntityManager } from '@mikro-orm/postgresql';
import type { DomainError } from '../../../platform/domain-error.ts';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { alreadyReserved, insufficientStock, mixedCurrencies, productInactive, productUnknown } from './errors.ts';
import { Product } from './product.ts';
import type { Line } from './reservation.ts';
import type { Hold, Stock } from './stock.ts';

/**
 * Holds every line of an order or none. `lines` name each product once.
 *
 * R1 All lines of an order are reserved, or none.
 * R2 No oversell: reserved never exceeds stock, whatever runs at the same time. No undersell: what is available is sold.
 * R3 A reservation ends once, and its stock is given back at most once.
 * R4 A release wins over the reserve that it undoes, in whichever order they arrive (its handler forbids the reserve's key).
 */
export async function reserveInventory(
  { em, stock }: { readonly em: EntityManager; readonly stock: Stock },
  order: { readonly orderId: string; readonly lines: readonly Line[]; readonly holdMs: number },
): Promise<Hold> {
  const hold = await holdOnce(em, stock, order);
  if (!hold) throw await refusalOf(em, order.lines);
  return hold;
}

async function holdOnce(em: EntityManager, stock: Stock, order: Parameters<Stock['hold']>[1]): Promise<Hold | null> {
  try {
    return await stock.hold(em, order);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'reservations_pkey') throw alreadyReserved(order.orderId);
    throw error;
  }
}

/** Reads the products once more, still locked, to say why. Refusals that no waiting will cure come first. */
async function refusalOf(em: EntityManager, lines: readonly Line[]): Promise<DomainError> {
  const found = await em.find(Product, { id: { $in: lines.map(({ productId }) => productId) } });
  const byId = new Map(found.map((product) => [product.id, product]));
  const wanted = lines.map((line) => ({ ...line, product: byId.get(line.productId) }));
  for (const { productId, product } of wanted) if (!product) return productUnknown(productId);
  for (const { productId, product } of wanted) if (!product?.active) return productInactive(productId);
  const currencies = new Set(wanted.flatMap(({ product }) => product?.currency ?? []));
  if (currencies.size > 1) return mixedCurrencies([...currencies]);
  for (const { productId, quantity, product } of wanted) {
    const available = product?.available() ?? 0;
    if (available < quantity) return insufficientStock({ productId, requested: quantity, available });
  }
  throw new Error('Lines that can be reserved were not');
}
