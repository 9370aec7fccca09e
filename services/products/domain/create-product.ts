import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import { currencyNotSold, skuTaken } from './errors.ts';
import { type NewProduct, Product } from './product.ts';

/** `currencies`: those that the shop sells in. */
export async function createProduct(em: EntityManager, currencies: readonly string[], fields: NewProduct): Promise<Product> {
  if (!currencies.includes(fields.currency)) throw currencyNotSold(currencies);
  const product = em.create(Product, fields);
  product.open(await databaseNow(em));
  try {
    await em.flush();
  } catch (error: unknown) {
    if (violatedUnique(error) === 'products_sku_unique') throw skuTaken();
    throw error;
  }
  return product;
}
