import type { EntityManager } from '@mikro-orm/postgresql';
import { Product } from './product.ts';
import type { Line } from './reservation.ts';

export type LineAvailability = Line & { readonly availableQuantity: number; readonly available: boolean };

/**
 * What a reserve would find now. Lines of one product share its stock, as in a reservation: none of them is available when there is
 * not enough for all.
 */
export async function checkAvailability(em: EntityManager, lines: readonly Line[]): Promise<LineAvailability[]> {
  const productIds = [...new Set(lines.map(({ productId }) => productId))];
  const found = await em.find(Product, { id: { $in: productIds }, active: true });
  const availableOf = new Map(found.map((product) => [product.id, product.available()]));
  const wantedOf = new Map<string, number>();
  for (const { productId, quantity } of lines) wantedOf.set(productId, (wantedOf.get(productId) ?? 0) + quantity);
  return lines.map((line) => {
    const availableQuantity = availableOf.get(line.productId) ?? 0;
    return { ...line, availableQuantity, available: availableQuantity >= (wantedOf.get(line.productId) ?? line.quantity) };
  });
}
