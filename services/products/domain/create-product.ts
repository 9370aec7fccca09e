import type { EntityManager } from '@mikro-orm/postgresql';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { skuTaken } from './errors.ts';
import { type NewProduct, Product } from './product.ts';

export async function createProduct(em: EntityManager, fields: NewProduct): Promise<Product> {
  const product = em.create(Product, fields);
  product.openLedger();
  try {
    await em.flush();
  } catch (error: unknown) {
    if (violatedUnique(error) === 'products_sku_unique') throw skuTaken();
    throw error;
  }
  return product;
}
