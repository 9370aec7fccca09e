import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { productUnknown } from './errors.ts';
import { Product } from './product.ts';

/** The product, locked until the transaction ends. Refuses with `product_unknown`. */
export async function lockProduct(em: EntityManager, productId: string): Promise<Product> {
  const product = await em.findOne(Product, { id: productId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!product) throw productUnknown(productId);
  return product;
}
