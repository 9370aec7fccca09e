import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { currencyNotSold } from './errors.ts';
import { lockProduct } from './lock-product.ts';
import type { Product, ProductChange } from './product.ts';

/** `currencies`: those that the shop sells in. */
export async function updateProduct(
  em: EntityManager,
  currencies: readonly string[],
  { productId, ...change }: ProductChange & { readonly productId: string },
): Promise<Product> {
  if (change.price && !currencies.includes(change.price.currency)) throw currencyNotSold(currencies);
  const product = await lockProduct(em, productId);
  product.change(change, await databaseNow(em));
  return product;
}
