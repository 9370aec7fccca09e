import type { EntityManager } from '@mikro-orm/postgresql';
import { productUnknown } from './errors.ts';
import { Product } from './product.ts';

export async function getProduct(em: EntityManager, productId: string): Promise<Product> {
  const product = await em.findOne(Product, { id: productId });
  if (!product) throw productUnknown(productId);
  return product;
}

/** In the order asked; without those that do not exist. */
export async function getProducts(em: EntityManager, productIds: readonly string[]): Promise<readonly Product[]> {
  const found = await em.find(Product, { id: { $in: [...productIds] } });
  const byId = new Map(found.map((product) => [product.id, product]));
  return productIds.flatMap((id) => byId.get(id) ?? []);
}
