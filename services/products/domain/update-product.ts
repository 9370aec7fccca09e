import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { lockProduct } from './lock-product.ts';
import type { Product, ProductChange } from './product.ts';

export async function updateProduct(
  em: EntityManager,
  { productId, ...change }: ProductChange & { readonly productId: string },
): Promise<Product> {
  const product = await lockProduct(em, productId);
  product.change(change, await databaseNow(em));
  return product;
}
