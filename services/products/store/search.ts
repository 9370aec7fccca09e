import type { EntityManager } from '@mikro-orm/postgresql';
import { Product } from '../domain/product.ts';

export type Search = { readonly query: string; readonly category: string };

/**
 * Products on sale after the one with the id `after`, in the order of their ids. Ids grow with time: a product that is created while
 * somebody reads page after page appears at the end. A product matches when each word of the query begins one of its words.
 */
export function searchProducts(
  em: EntityManager,
  { query, category }: Search,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<Product[]> {
  const found = em.createQueryBuilder(Product, 'p').where({ active: true });
  if (category) found.andWhere({ category });
  if (query) found.andWhere("product_words(p.name, p.sku, p.description) @@ to_tsquery('simple', ?)", [prefixes(query)]);
  if (page.after) found.andWhere({ id: { $gt: page.after } });
  return found.orderBy({ id: 'asc' }).limit(page.limit).getResultList();
}

/** `red rob` as a tsquery: 'red':* & 'rob':*. The separators are those of the SQL function product_words. */
function prefixes(query: string): string {
  const words = query.split(/[\s!-/:-@[-`{-~]+/).filter((word) => word !== '');
  return words.map((word) => `'${word}':*`).join(' & ');
}
