import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { lockProduct } from './lock-product.ts';
import type { Product } from './product.ts';

/** Stock that no order moves: deliveries, losses, counts. */
export async function adjustStock(
  em: EntityManager,
  { productId, ...change }: { readonly productId: string; readonly delta: number; readonly reason: string },
): Promise<Product> {
  const product = await lockProduct(em, productId);
  product.adjustStock(change, await databaseNow(em));
  return product;
}
